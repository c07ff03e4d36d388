#include "optim/optimizer.h"

#include "tensor/memory_tag.h"
#include "tensor/ops/adam_step.h"
#include "tensor/ops/gradient_control.h"
#include "tensor/ops/mul.h"
#include "tensor/ops/sgd_step.h"
#include "tensor/ops/squared_norm.h"

namespace masktwins::optim {
namespace {

Tensor slice(const Tensor& flat, int64_t offset, int64_t count) { return flat.alias({count}, offset); }

Tensor zeros_like(const Tensor& x) {
  const MemoryTag tag("optimiser");
  return Tensor::zeros(x.shape(), x.dtype(), x.device());
}

bool goes_before(const ParameterGroup& a, const ParameterGroup& b) {
  return a.key.size() != b.key.size() ? a.key.size() > b.key.size() : a.key < b.key;
}

class Adam : public Optimizer {
 public:
  Adam(ParameterArena& arena, const OptimizerOptions& options, const std::vector<ParameterGroup>& groups)
      : Optimizer(arena, options, groups),
        first_moment_(zeros_like(arena.values())),
        second_moment_(zeros_like(arena.values())) {}

  void update(double lr, const Tensor& control) override {
    for (const Range& r : ranges_) {
      const kernels::AdamOptions adam{.lr = lr * r.lr_multiplier,
                                      .beta1 = options_.beta1,
                                      .beta2 = options_.beta2,
                                      .eps = options_.eps,
                                      .weight_decay = r.weight_decay,
                                      .decoupled = options_.name == "adamw"};
      adam_step(slice(arena_.values(), r.offset, r.count), slice(arena_.gradients(), r.offset, r.count),
                slice(first_moment_, r.offset, r.count), slice(second_moment_, r.offset, r.count), adam,
                control);
    }
  }

  std::vector<std::pair<std::string, Tensor>> moments() const override {
    return {{"first_moment", first_moment_}, {"second_moment", second_moment_}};
  }

 private:
  Tensor first_moment_, second_moment_;
};

class Sgd : public Optimizer {
 public:
  Sgd(ParameterArena& arena, const OptimizerOptions& options, const std::vector<ParameterGroup>& groups)
      : Optimizer(arena, options, groups), momentum_(zeros_like(arena.values())) {}

  void update(double lr, const Tensor& control) override {
    for (const Range& r : ranges_)
      sgd_step(slice(arena_.values(), r.offset, r.count), slice(arena_.gradients(), r.offset, r.count),
               slice(momentum_, r.offset, r.count), {lr * r.lr_multiplier, options_.momentum, r.weight_decay},
               control);
  }

  std::vector<std::pair<std::string, Tensor>> moments() const override { return {{"momentum", momentum_}}; }

 private:
  Tensor momentum_;
};

}  // namespace

Optimizer::Optimizer(ParameterArena& arena, const OptimizerOptions& options,
                     const std::vector<ParameterGroup>& groups)
    : arena_(arena), options_(options), updates_(Tensor::zeros({1}, DType::int32, arena.values().device())) {
  for (const Segment& segment : arena.segments()) {
    const ParameterGroup* best = nullptr;
    for (const ParameterGroup& group : groups)
      if (segment.name.find(group.key) != std::string::npos && (!best || goes_before(group, *best)))
        best = &group;
    const Range next{segment.offset, segment.count, best ? best->lr_multiplier : 1,
                     best ? best->weight_decay : options.weight_decay};
    if (!ranges_.empty() && ranges_.back().lr_multiplier == next.lr_multiplier &&
        ranges_.back().weight_decay == next.weight_decay)
      ranges_.back().count = next.offset + next.count - ranges_.back().offset;
    else ranges_.push_back(next);
  }
  if (options.loss_scaling) {
    const std::vector<float> first_scale = {65536, 0};
    scale_ = Tensor::from_values<float>({2}, first_scale).to(arena.values().device());
  }
}

Tensor Optimizer::scaled(const Tensor& loss) const {
  return scale_.defined() ? mul(loss, loss_scale()) : loss;
}

void Optimizer::step(double lr, const Tensor& failure, int64_t step) {
  const Tensor& values = arena_.values();
  const bool asks_for_norm = failure.defined() || scale_.defined() || options_.clip_norm > 0;
  const Tensor norm = asks_for_norm ? squared_norm(arena_.gradients()) : Tensor();
  const Tensor flag = failure.defined() ? failure : Tensor::zeros({2}, DType::int32, values.device());
  const Tensor control =
      gradient_control(norm, flag, scale_, updates_, values.dtype(), step,
                       {.limit = options_.clip_norm, .beta1 = options_.beta1, .beta2 = options_.beta2});
  update(lr, control);
}

std::vector<std::pair<std::string, Tensor>> Optimizer::state() const {
  auto tensors = moments();
  if (scale_.defined()) tensors.emplace_back("loss_scale", scale_);
  return tensors;
}

std::unique_ptr<Optimizer> build_optimizer(ParameterArena& arena, const OptimizerOptions& options,
                                           const std::vector<ParameterGroup>& groups) {
  if (!arena.gradients().defined()) arena.allocate_gradients();
  if (options.name == "adam" || options.name == "adamw")
    return std::make_unique<Adam>(arena, options, groups);
  if (options.name == "sgd") return std::make_unique<Sgd>(arena, options, groups);
  fail("train.optimizer: unknown optimiser '", options.name, "'; known: adam, adamw, sgd");
}

}  // namespace masktwins::optim

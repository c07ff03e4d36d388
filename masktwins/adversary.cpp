#include "masktwins/adversary.h"

#include "tensor/autograd.h"
#include "tensor/ops/add.h"
#include "tensor/ops/concat_channels.h"
#include "tensor/ops/cross_entropy.h"
#include "tensor/ops/scale.h"
#include "tensor/ops/softmax_channels.h"

namespace masktwins {
namespace {

constexpr int64_t width = 64;

std::unique_ptr<optim::Optimizer> build_optimizer(optim::ParameterArena& arena, bool loss_scaling) {
  return optim::build_optimizer(arena,
                                {.name = "adam", .beta1 = 0.9, .beta2 = 0.99, .loss_scaling = loss_scaling});
}

}  // namespace

Adversary::Adversary(int64_t classes, double learning_rate, int64_t iterations, uint32_t seed, Device device,
                     bool loss_scaling)
    : network_(classes, width, seed),
      arena_((network_.to(device), network_)),
      optimizer_(build_optimizer(arena_, loss_scaling)),
      schedule_{.name = "poly", .base = learning_rate, .iterations = iterations, .power = 0.9, .warmup = 0} {}

// With z the discriminator's logit, softmax over (0, z) is (1 - sigmoid z, sigmoid z).
Tensor Adversary::domain_loss(const Tensor& logits, bool source) const {
  const Tensor z = network_.forward(softmax_channels(logits));
  const Tensor answers = concat_channels({Tensor::zeros(z.shape(), z.dtype(), z.device()), z});
  const Tensor domain =
      Tensor::full({z.dim(0), z.dim(2), z.dim(3)}, source ? 1 : 0, DType::uint8, z.device());
  return cross_entropy(answers, domain);
}

Tensor Adversary::fooling_loss(const Tensor& target_logits) const { return domain_loss(target_logits, true); }

Tensor Adversary::learn(const Tensor& source_logits, const Tensor& target_logits, int64_t step) {
  arena_.zero_gradients();
  const Tensor loss =
      scale(add(domain_loss(source_logits.detach(), true), domain_loss(target_logits.detach(), false)), 0.5);
  backward(optimizer_->scaled(loss));
  optimizer_->step(schedule_.at(step));
  return loss.detach();
}

}  // namespace masktwins

#include "tensor/autograd.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "kernels/add.h"
#include "tensor/dispatch.h"
#include "tensor/profiler.h"
#include "tensor/random.h"

namespace masktwins {
namespace {

thread_local bool grad_mode = true;
thread_local bool replaying = false;
thread_local int non_finite_guards = 0;
thread_local uint64_t next_sequence = 0;

bool all_finite(const Tensor& x) {
  const Tensor values = x.to(Device::cpu);
  return dispatch_dtype(values.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* data = values.data<T>();
    return std::all_of(data, data + values.numel(),
                       [](T value) { return std::isfinite(kernels::convert_element<double>(value)); });
  });
}

void check_finite(const char* op, const Tensor& result) {
  if (non_finite_guards == 0 || !is_floating(result.dtype()) || all_finite(result)) return;
  throw NonFiniteError(
      concat_text("op ", op, " made the first NaN or infinity, result shape ", result.shape()));
}

void add_into(Tensor& sum, const Tensor& a, const Tensor& b) {
  require_same(a, b, "gradient accumulation");
  const auto count = static_cast<double>(sum.numel());
  const ProfileScope profile("add_gradients", {3 * static_cast<double>(sum.bytes()), count});
  dispatch(sum, "gradient accumulation", [&](auto device, auto zero) {
    using T = decltype(zero);
    const kernels::AddArgs<T> args{a.data<T>(), b.data<T>(), sum.data<T>(), sum.numel()};
    if constexpr (device == Device::cpu) kernels::cpu::add(args);
    else kernels::cuda::add(args);
  });
}

// sum += gradient. Memory that others may read is left untouched.
void accumulate(Tensor& sum, Tensor gradient) {
  if (!sum.defined()) {
    sum = std::move(gradient);
  } else if (sum.sole_owner()) {
    add_into(sum, sum, gradient);
  } else {
    Tensor fresh = Tensor::empty(sum.shape(), sum.dtype(), sum.device());
    add_into(fresh, sum, gradient);
    sum = fresh;
  }
}

// Replaces `gradient` by what the hooks make of it.
void apply_hooks(const std::vector<GradientHook>& hooks, Tensor& gradient) {
  for (const GradientHook& hook : hooks)
    if (Tensor replaced = hook(gradient); replaced.defined()) gradient = replaced;
}

void accumulate_leaf(const Tensor& leaf, Tensor gradient) {
  AutogradMeta& meta = leaf.autograd();
  if (meta.grad.defined()) {
    add_into(meta.grad, meta.grad, gradient);  // in place: the gradient may be a slice of an arena
  } else {
    meta.grad = gradient.sole_owner() ? gradient : gradient.clone();
  }
}

}  // namespace

bool grad_enabled() { return grad_mode; }
bool replaying_checkpoint() { return replaying; }

NoGrad::NoGrad() : before_(grad_mode) { grad_mode = false; }
NoGrad::~NoGrad() { grad_mode = before_; }
EnableGrad::EnableGrad() : before_(grad_mode) { grad_mode = true; }
EnableGrad::~EnableGrad() { grad_mode = before_; }
NonFiniteGuard::NonFiniteGuard() { ++non_finite_guards; }
NonFiniteGuard::~NonFiniteGuard() { --non_finite_guards; }

RandomStream& random_stream() {
  thread_local RandomStream stream;
  return stream;
}

Node::~Node() {
  std::vector<std::shared_ptr<Node>> pending;
  pending.swap(producers);
  while (!pending.empty()) {
    const std::shared_ptr<Node> node = std::move(pending.back());
    pending.pop_back();
    if (node && node.use_count() == 1) {
      for (auto& producer : node->producers) pending.push_back(std::move(producer));
      node->producers.clear();
    }
  }
}

bool InputGradients::wanted(std::size_t input) const {
  return node_.producers[input] != nullptr || node_.leaves[input].defined();
}

void InputGradients::add(std::size_t input, const Tensor& gradient) {
  if (wanted(input)) gradients_.emplace_back(input, gradient);
}

Tensor record(const char* op, Tensor result, const std::vector<Tensor>& inputs, BackwardFunction backward) {
  check_finite(op, result);
  if (!grad_mode) return result;
  bool any = false;
  for (const Tensor& input : inputs) any = any || (input.defined() && input.requires_grad());
  if (!any) return result;

  auto node = std::make_shared<Node>();
  node->op = op;
  node->sequence = next_sequence++;
  node->shape = result.shape();
  for (const Tensor& input : inputs) {
    const bool wants = input.defined() && input.requires_grad();
    node->producers.push_back(wants ? input.autograd().producer : nullptr);
    node->leaves.push_back(wants && !node->producers.back() ? input : Tensor());
  }
  node->backward = std::move(backward);
  AutogradMeta& meta = result.autograd();
  meta.requires_grad = true;
  meta.producer = std::move(node);
  return result;
}

Tensor record(const char* op, Tensor result) {
  check_finite(op, result);
  return result;
}

void set_recipe(const Tensor& result, std::function<Tensor()> compute) {
  if (!result.requires_grad()) return;
  result.autograd().recipe = std::make_shared<Recipe>(Recipe{std::move(compute), WeakTensor(result)});
}

Saved::Saved(const Tensor& tensor) {
  if (tensor.has_autograd() && tensor.autograd().recipe) recipe_ = tensor.autograd().recipe;
  else if (tensor.defined()) tensor_ = tensor.detach();
}

Tensor Saved::get() const {
  if (!recipe_) return tensor_;
  if (Tensor alive = recipe_->latest.lock(); alive.defined()) return alive;
  const NoGrad no_grad;
  Tensor again = recipe_->compute();
  recipe_->latest = WeakTensor(again);
  return again;
}

class BackwardPass {
 public:
  explicit BackwardPass(bool retain_graph) : retain_graph_(retain_graph) {}

  void run(const Tensor& root, const Tensor& gradient) {
    deliver(root.autograd().producer, root, gradient);
    while (!pending_.empty()) {
      auto last = std::prev(pending_.end());
      const std::shared_ptr<Node> node = last->second.node;
      Tensor arrived = std::move(last->second.gradient);
      pending_.erase(last);
      step(*node, std::move(arrived));
    }
    for (auto& [leaf, complete] : hooked_leaves_) {
      apply_hooks(leaf.autograd().hooks, complete);
      accumulate_leaf(leaf, std::exchange(complete, Tensor()));
    }
  }

 private:
  struct Pending {
    std::shared_ptr<Node> node;
    Tensor gradient;
  };

  void step(Node& node, Tensor gradient) {
    apply_hooks(node.hooks, gradient);
    require(static_cast<bool>(node.backward), "backward: the graph of op ", node.op,
            " was already freed by an earlier backward; pass retain_graph to the earlier call");
    InputGradients inputs(node);
    if (retain_graph_) {
      node.backward(gradient, inputs);
    } else {
      const BackwardFunction once = std::exchange(node.backward, nullptr);
      once(gradient, inputs);
    }
    gradient = Tensor();
    for (auto& [input, value] : inputs.gradients_) {
      check_finite(node.op, value);
      deliver(node.producers[input], node.leaves[input], std::exchange(value, Tensor()));
    }
    if (!retain_graph_) node.producers.assign(node.producers.size(), nullptr);
  }

  void deliver(const std::shared_ptr<Node>& producer, const Tensor& leaf, Tensor gradient) {
    if (!producer) return deliver_to_leaf(leaf, std::move(gradient));
    require(gradient.shape() == producer->shape, "backward: gradient of shape ", gradient.shape(),
            " for the result of ", producer->op, " of shape ", producer->shape);
    Pending& pending = pending_[producer->sequence];
    pending.node = producer;
    accumulate(pending.gradient, std::move(gradient));
  }

  // Leaves accumulate at once, except that hooks must see the complete gradient of this pass.
  void deliver_to_leaf(const Tensor& leaf, Tensor gradient) {
    if (leaf.autograd().hooks.empty()) return accumulate_leaf(leaf, std::move(gradient));
    const auto known = std::find_if(hooked_leaves_.begin(), hooked_leaves_.end(), [&](const auto& entry) {
      return &entry.first.autograd() == &leaf.autograd();
    });
    if (known != hooked_leaves_.end()) accumulate(known->second, std::move(gradient));
    else hooked_leaves_.emplace_back(leaf, std::move(gradient));
  }

  std::vector<std::pair<Tensor, Tensor>> hooked_leaves_;  // leaf and gradient, in order of arrival
  std::map<uint64_t, Pending> pending_;  // by sequence: the youngest node is last and has all its gradients
  bool retain_graph_;
};

void backward(const Tensor& root, const Tensor& gradient, bool retain_graph) {
  require(root.requires_grad(), "backward: the tensor does not depend on anything that requires a gradient");
  require(gradient.defined() || root.numel() == 1, "backward: a result of shape ", root.shape(),
          " needs an explicit gradient; only scalars default to 1");
  const NoGrad no_grad;
  const Tensor seed =
      gradient.defined() ? gradient : Tensor::full(root.shape(), 1, root.dtype(), root.device());
  BackwardPass(retain_graph).run(root, seed);
}

void register_hook(const Tensor& tensor, GradientHook hook) {
  require(tensor.requires_grad(), "register_hook: the tensor requires no gradient");
  AutogradMeta& meta = tensor.autograd();
  (meta.producer ? meta.producer->hooks : meta.hooks).push_back(std::move(hook));
}

namespace {

// The state in which a checkpoint's function first ran.
class Replay {
 public:
  explicit Replay(const RandomStream& before)
      : stream_after_(std::exchange(random_stream(), before)),
        replaying_before_(std::exchange(replaying, true)) {}
  ~Replay() {
    random_stream() = stream_after_;
    replaying = replaying_before_;
  }
  Replay(const Replay&) = delete;
  Replay& operator=(const Replay&) = delete;

 private:
  RandomStream stream_after_;
  bool replaying_before_;
};

}  // namespace

Tensor checkpoint(const std::function<Tensor(const std::vector<Tensor>&)>& function,
                  const std::vector<Tensor>& inputs) {
  const RandomStream before = random_stream();
  Tensor result;
  {
    const NoGrad no_grad;
    result = function(inputs);
  }
  if (!grad_mode) return result;
  std::vector<Saved> saved(inputs.begin(), inputs.end());
  std::vector<bool> wants;
  for (const Tensor& input : inputs) wants.push_back(input.requires_grad());
  auto replay = [function, saved, wants, before](const Tensor& gradient, InputGradients& input_gradients) {
    const EnableGrad enable;
    std::vector<Tensor> copies;
    for (std::size_t i = 0; i < saved.size(); ++i)
      copies.push_back(saved[i].get().detach().set_requires_grad(wants[i]));
    Tensor again;
    {
      const Replay replay_scope(before);
      again = function(copies);
    }
    if (again.requires_grad()) backward(again, gradient);
    for (std::size_t i = 0; i < copies.size(); ++i)
      if (copies[i].grad().defined()) input_gradients.add(i, copies[i].grad());
  };
  // Parameters used inside the function want gradients even if no input does, so the node is always recorded.
  const Tensor anchor = Tensor::zeros({}).set_requires_grad();
  std::vector<Tensor> recorded = inputs;
  recorded.push_back(anchor);
  return record("checkpoint", result.detach(), recorded, std::move(replay));
}

}  // namespace masktwins

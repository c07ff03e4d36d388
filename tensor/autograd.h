// Reverse-mode differentiation. Ops record a Node per result; backward() walks the nodes in reverse order of
// creation, so that gradients are always added in the same order.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace masktwins {

struct Node;

// A tensor that can be computed again cheaply from others, see Saved.
struct Recipe {
  std::function<Tensor()> compute;
  WeakTensor latest;
};

using GradientHook = std::function<Tensor(const Tensor& gradient)>;

struct AutogradMeta {
  bool requires_grad = false;
  Tensor grad;
  std::shared_ptr<Node> producer;  // null for leaves
  std::shared_ptr<Recipe> recipe;
  std::vector<GradientHook> hooks;
};

// What backward hands to the inputs of a node.
class InputGradients {
 public:
  explicit InputGradients(const Node& node) : node_(node) {}
  bool wanted(std::size_t input) const;
  // Adds gradient to what this input's producer receives; ignored for inputs that want none.
  void add(std::size_t input, const Tensor& gradient);

 private:
  friend class BackwardPass;
  const Node& node_;
  std::vector<std::pair<std::size_t, Tensor>> gradients_;
};

using BackwardFunction = std::function<void(const Tensor& gradient, InputGradients& inputs)>;

struct Node {
  const char* op;
  uint64_t sequence;
  Shape shape;                                   // of the result
  std::vector<Tensor> leaves;                    // per input: the leaf that accumulates, or undefined
  std::vector<std::shared_ptr<Node>> producers;  // per input: the node that made it, or null
  std::vector<GradientHook> hooks;               // run on the complete gradient of the result
  BackwardFunction backward;                     // empty once it has run and its memory was freed
  ~Node();                                       // releases long chains without recursion
};

// True while ops record nodes.
bool grad_enabled();

// Within its scope no node is recorded: teacher, evaluation, optimiser.
class NoGrad {
 public:
  NoGrad();
  ~NoGrad();
  NoGrad(const NoGrad&) = delete;
  NoGrad& operator=(const NoGrad&) = delete;

 private:
  bool before_;
};

// Within its scope nodes are recorded even inside a NoGrad (used to replay a checkpoint).
class EnableGrad {
 public:
  EnableGrad();
  ~EnableGrad();
  EnableGrad(const EnableGrad&) = delete;
  EnableGrad& operator=(const EnableGrad&) = delete;

 private:
  bool before_;
};

// Every op ends here: puts `result` into the graph if gradients are enabled and an input wants one, and
// checks it for NaN inside a NonFiniteGuard. `backward` must capture only what it needs, through Saved.
Tensor record(const char* op, Tensor result, const std::vector<Tensor>& inputs, BackwardFunction backward);

// The same for ops without a gradient.
Tensor record(const char* op, Tensor result);

// Says that `result` is cheaper to compute again than to keep. Backward functions that saved it call
// `compute`.
void set_recipe(const Tensor& result, std::function<Tensor()> compute);

// What a node keeps of a tensor for its backward: the tensor, or its recipe if it has one. Tensors with
// recipes (normalisations, for example) are so freed as soon as the forward pass has consumed them.
class Saved {
 public:
  Saved() = default;
  explicit Saved(const Tensor& tensor);
  Tensor get() const;

 private:
  Tensor tensor_;
  std::shared_ptr<Recipe> recipe_;
};

// Accumulates d root / d leaf into grad() of every leaf that requires it. `gradient` defaults to 1 for
// scalars. Frees what the nodes saved, unless retain_graph.
void backward(const Tensor& root, const Tensor& gradient = {}, bool retain_graph = false);

// Calls hook with the complete gradient of `tensor` during backward; a defined result replaces the gradient.
void register_hook(const Tensor& tensor, GradientHook hook);

// y = function(inputs) without keeping the inner activations: backward computes them again. Random draws are
// replayed. Parameters used inside accumulate their gradients as usual.
Tensor checkpoint(const std::function<Tensor(const std::vector<Tensor>&)>& function,
                  const std::vector<Tensor>& inputs);

// True while backward computes a checkpoint again: side effects (running statistics) must not happen twice.
bool replaying_checkpoint();

// Within its scope every op checks its result and throws NonFiniteError at the first NaN or infinity.
struct NonFiniteError : Error {
  using Error::Error;
};
class NonFiniteGuard {
 public:
  NonFiniteGuard();
  ~NonFiniteGuard();
  NonFiniteGuard(const NonFiniteGuard&) = delete;
  NonFiniteGuard& operator=(const NonFiniteGuard&) = delete;
};

}  // namespace masktwins

// How tests call registered ops: inputs, random step and weights are fixed, so that every test, and PyTorch
// in tests/reference, sees the same numbers.
#pragma once

#include "tensor/autograd.h"
#include "tensor/op.h"
#include "tensor/random.h"

namespace masktwins::tests {

constexpr uint32_t seed = 7;

inline bool differentiable(const Argument& argument) {
  return is_floating(argument.dtype) && argument.differentiable;
}

// Fixed weights that turn the first result into one number: a plain sum would hide errors that cancel.
inline Tensor loss_weights(const Shape& shape, DType dtype) {
  return make_inputs({{{shape}}, {}}, dtype, seed + 1)[0];
}

inline Tensors run(const OpDef& op, const Tensors& inputs, const Attributes& attributes) {
  begin_random_step(seed, 0);
  return op.run(inputs, attributes);
}

// Gradients of the first result, weighted with loss_weights and summed, with respect to every differentiable
// input (undefined for the others). The weights are rounded to `weight_dtype`, so that runs in other dtypes
// can see the same ones.
inline Tensors gradients(const OpDef& op, const Sample& sample, Tensors inputs, DType weight_dtype) {
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (differentiable(sample.arguments[i])) inputs[i].set_requires_grad();
  const Tensor result = run(op, inputs, sample.attributes)[0];
  if (result.requires_grad())
    backward(result, loss_weights(result.shape(), weight_dtype).to(result.dtype()).to(result.device()));
  Tensors result_gradients;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    result_gradients.push_back(differentiable(sample.arguments[i]) ? inputs[i].grad() : Tensor());
  return result_gradients;
}

inline Tensors gradients(const OpDef& op, const Sample& sample, DType dtype) {
  return gradients(op, sample, make_inputs(sample, dtype, seed), dtype);
}

}  // namespace masktwins::tests

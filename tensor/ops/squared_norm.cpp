#include "tensor/ops/squared_norm.h"

#include "kernels/squared_norm.h"
#include "tensor/dispatch.h"
#include "tensor/op.h"

namespace masktwins {
namespace {

Work work(const Tensor& x) { return {static_cast<double>(x.bytes()), 2.0 * static_cast<double>(x.numel())}; }

}  // namespace

Tensor squared_norm(const Tensor& x) {
  Tensor result = Tensor::empty({}, x.dtype(), x.device());
  const ProfileScope profile("squared_norm", work(x));
  dispatch(x, "squared_norm", [&](auto device, auto zero) {
    using T = decltype(zero);
    const kernels::SquaredNormArgs<T> args{x.data<T>(), x.numel(), result.data<T>()};
    if constexpr (device == Device::cpu) kernels::cpu::squared_norm(args);
    else if constexpr (std::is_same_v<T, float>) kernels::cuda::squared_norm(args);
    else fail("squared_norm: cuda keeps gradients in float32, not in ", x.dtype());
  });
  return result;
}

namespace {

Tensors reference(const Tensors& inputs, const Attributes&) {
  double sum = 0;
  for (const double value : inputs[0].to_values<double>()) sum += value * value;
  return {Tensor::full({}, sum, DType::float64)};
}

Sample sample(const Shape& shape) { return {{{shape}}, {}}; }

const RegisterOp registered({
    .name = "squared_norm",
    .formula = "sum of x²",
    .run = [](const Tensors& inputs, const Attributes&) { return Tensors{squared_norm(inputs[0])}; },
    .reference = reference,
    .samples = {sample({2, 3, 5, 7}), sample({70000}), sample({1}), sample({0})},
    .benchmarks = {sample({4 << 20})},
    .work = [](const Tensors& inputs, const Attributes&) { return work(inputs[0]); },
    .has_gradient = false,
    .cuda_dtypes = {DType::float32},
});

}  // namespace
}  // namespace masktwins

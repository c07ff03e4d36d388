#include "tensor/ops/squared_norm.h"

#include "kernels/squared_norm.h"
#include "tensor/op.h"

namespace masktwins {
namespace {

Work work(const Tensor& x) { return {static_cast<double>(x.bytes()), 2.0 * static_cast<double>(x.numel())}; }

}  // namespace

double squared_norm(const Tensor& x) {
  const ProfileScope profile("squared_norm", work(x));
  return dispatch_floating(x.dtype(), "squared_norm", [&](auto zero) -> double {
    using T = decltype(zero);
    const kernels::SquaredNormArgs<T> args{x.data<T>(), x.numel()};
    switch (x.device()) {
      case Device::cpu: return kernels::cpu::squared_norm(args);
      default: no_kernel("squared_norm", x.device());
    }
  });
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
    .run =
        [](const Tensors& inputs, const Attributes&) {
          return Tensors{Tensor::full({}, squared_norm(inputs[0]), DType::float64)};
        },
    .reference = reference,
    .samples = {sample({2, 3, 5, 7}), sample({70000}), sample({1}), sample({0})},
    .benchmarks = {sample({4 << 20})},
    .work = [](const Tensors& inputs, const Attributes&) { return work(inputs[0]); },
    .has_gradient = false,
});

}  // namespace
}  // namespace masktwins

#include "tensor/ops/relu.h"

#include <algorithm>

#include "kernels/relu.h"
#include "tensor/autograd.h"
#include "tensor/dispatch.h"
#include "tensor/op.h"

namespace masktwins {
namespace {

Tensor relu_backward(const Tensor& y, const Tensor& dy) {
  Tensor dx = Tensor::empty(y.shape(), y.dtype(), y.device());
  const ProfileScope profile("relu_backward",
                             {3.0 * static_cast<double>(y.bytes()), static_cast<double>(y.numel())});
  dispatch(y, "relu", [&](auto device, auto zero) {
    using T = decltype(zero);
    const kernels::ReluBackwardArgs<T> args{y.data<T>(), dy.data<T>(), dx.data<T>(), y.numel()};
    if constexpr (device == Device::cpu) kernels::cpu::relu_backward(args);
    else kernels::cuda::relu_backward(args);
  });
  return dx;
}

Work work(const Tensor& x) { return {2.0 * static_cast<double>(x.bytes()), static_cast<double>(x.numel())}; }

}  // namespace

Tensor relu(const Tensor& x) {
  Tensor y = Tensor::empty(x.shape(), x.dtype(), x.device());
  {
    const ProfileScope profile("relu", work(x));
    dispatch(x, "relu", [&](auto device, auto zero) {
      using T = decltype(zero);
      const kernels::ReluArgs<T> args{x.data<T>(), y.data<T>(), x.numel()};
      if constexpr (device == Device::cpu) kernels::cpu::relu(args);
      else kernels::cuda::relu(args);
    });
  }
  return record("relu", y, {x}, [saved = Saved(y)](const Tensor& dy, InputGradients& inputs) {
    inputs.add(0, relu_backward(saved.get(), dy));
  });
}

namespace {

Tensors reference(const Tensors& inputs, const Attributes&) {
  Tensor y = inputs[0].clone();
  double* data = y.data<double>();
  for (int64_t i = 0; i < y.numel(); ++i) data[i] = std::max(data[i], 0.0);
  return {y};
}

const RegisterOp registered({
    .name = "relu",
    .formula = "y = max(x, 0)",
    .run = [](const Tensors& inputs, const Attributes&) { return Tensors{relu(inputs[0])}; },
    .reference = reference,
    .samples = {{{{{2, 3, 5, 7}}}, {}}, {{{{1}}}, {}}, {{{{0, 3}}}, {}}},
    .benchmarks = {{{{{2, 32, 256, 256}}}, {}}},
    .work = [](const Tensors& inputs, const Attributes&) { return work(inputs[0]); },
});

}  // namespace
}  // namespace masktwins

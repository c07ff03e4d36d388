#include "tensor/ops/sigmoid.h"

#include <cmath>

#include "kernels/sigmoid.h"
#include "tensor/autograd.h"
#include "tensor/dispatch.h"
#include "tensor/op.h"

namespace masktwins {
namespace {

Work work(const Tensor& x) {
  return {2.0 * static_cast<double>(x.bytes()), 20.0 * static_cast<double>(x.numel())};
}

Tensor forward(const Tensor& x) {
  Tensor y = Tensor::empty(x.shape(), x.dtype(), x.device());
  const ProfileScope profile("sigmoid", work(x));
  dispatch(x, "sigmoid", [&](auto device, auto zero) {
    using T = decltype(zero);
    const kernels::SigmoidArgs<T> args{x.data<T>(), y.data<T>(), x.numel()};
    if constexpr (device == Device::cpu) kernels::cpu::sigmoid(args);
    else kernels::cuda::sigmoid(args);
  });
  return y;
}

Tensor backward_data(const Tensor& y, const Tensor& dy) {
  Tensor dx = Tensor::empty(y.shape(), y.dtype(), y.device());
  const ProfileScope profile("sigmoid_backward",
                             {3.0 * static_cast<double>(y.bytes()), 3.0 * static_cast<double>(y.numel())});
  dispatch(y, "sigmoid", [&](auto device, auto zero) {
    using T = decltype(zero);
    const kernels::SigmoidBackwardArgs<T> args{y.data<T>(), dy.data<T>(), dx.data<T>(), y.numel()};
    if constexpr (device == Device::cpu) kernels::cpu::sigmoid_backward(args);
    else kernels::cuda::sigmoid_backward(args);
  });
  return dx;
}

}  // namespace

Tensor sigmoid(const Tensor& x) {
  const Tensor y = forward(x);
  return record("sigmoid", y, {x}, [saved = Saved(y)](const Tensor& dy, InputGradients& inputs) {
    inputs.add(0, backward_data(saved.get(), dy));
  });
}

namespace {

Tensors reference(const Tensors& inputs, const Attributes&) {
  Tensor y = inputs[0].clone();
  double* data = y.data<double>();
  for (int64_t i = 0; i < y.numel(); ++i) data[i] = 1 / (1 + std::exp(-data[i]));
  return {y};
}

const Argument wide{.shape = {401}, .fill = Fill::uniform, .low = -200, .high = 200};

const RegisterOp registered({
    .name = "sigmoid",
    .formula = "y = 1 / (1 + exp(-x))",
    .run = [](const Tensors& inputs, const Attributes&) { return Tensors{sigmoid(inputs[0])}; },
    .reference = reference,
    .samples = {{{{{2, 3, 5, 7}}}, {}}, {{wide}, {}}, {{{{1}}}, {}}, {{{{0, 3}}}, {}}, {{{{2, 9000}}}, {}}},
    .benchmarks = {{{{{2, 19, 256, 256}}}, {}}},
    .work = [](const Tensors& inputs, const Attributes&) { return work(inputs[0]); },
    .tolerance = 1e-6,
});

}  // namespace
}  // namespace masktwins

#include "tensor/ops/gelu.h"

#include <cmath>

#include "kernels/gelu.h"
#include "tensor/autograd.h"
#include "tensor/dispatch.h"
#include "tensor/op.h"

namespace masktwins {
namespace {

Work work(const Tensor& x) {
  return {2.0 * static_cast<double>(x.bytes()), 30.0 * static_cast<double>(x.numel())};
}

Tensor forward(const Tensor& x) {
  Tensor y = Tensor::empty(x.shape(), x.dtype(), x.device());
  const ProfileScope profile("gelu", work(x));
  dispatch(x, "gelu", [&](auto device, auto zero) {
    using T = decltype(zero);
    const kernels::GeluArgs<T> args{x.data<T>(), y.data<T>(), x.numel()};
    if constexpr (device == Device::cpu) kernels::cpu::gelu(args);
    else kernels::cuda::gelu(args);
  });
  return y;
}

Tensor backward_data(const Tensor& x, const Tensor& dy) {
  Tensor dx = Tensor::empty(x.shape(), x.dtype(), x.device());
  const ProfileScope profile("gelu_backward",
                             {3.0 * static_cast<double>(x.bytes()), 34.0 * static_cast<double>(x.numel())});
  dispatch(x, "gelu", [&](auto device, auto zero) {
    using T = decltype(zero);
    const kernels::GeluBackwardArgs<T> args{x.data<T>(), dy.data<T>(), dx.data<T>(), x.numel()};
    if constexpr (device == Device::cpu) kernels::cpu::gelu_backward(args);
    else kernels::cuda::gelu_backward(args);
  });
  return dx;
}

}  // namespace

Tensor gelu(const Tensor& x) {
  const Saved saved(x);
  const Tensor y = record("gelu", forward(x), {x}, [saved](const Tensor& dy, InputGradients& inputs) {
    inputs.add(0, backward_data(saved.get(), dy));
  });
  set_recipe(y, [saved] { return forward(saved.get()); });
  return y;
}

namespace {

Tensors reference(const Tensors& inputs, const Attributes&) {
  Tensor y = inputs[0].clone();
  double* data = y.data<double>();
  for (int64_t i = 0; i < y.numel(); ++i) data[i] *= 0.5 * (1 + std::erf(data[i] / std::sqrt(2.0)));
  return {y};
}

// Far into both tails.
const Argument wide{.shape = {401}, .fill = Fill::uniform, .low = -20, .high = 20};

const RegisterOp registered({
    .name = "gelu",
    .formula = "y = x · Φ(x)",
    .run = [](const Tensors& inputs, const Attributes&) { return Tensors{gelu(inputs[0])}; },
    .reference = reference,
    .samples = {{{{{2, 3, 5, 7}}}, {}}, {{wide}, {}}, {{{{1}}}, {}}, {{{{0, 3}}}, {}}, {{{{2, 9000}}}, {}}},
    .benchmarks = {{{{{1, 16384, 128}}}, {}}, {{{{2, 16384, 256}}}, {}}},
    .work = [](const Tensors& inputs, const Attributes&) { return work(inputs[0]); },
    .tolerance = 1e-6,
});

}  // namespace
}  // namespace masktwins

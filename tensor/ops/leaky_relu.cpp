#include "tensor/ops/leaky_relu.h"

#include "kernels/leaky_relu.h"
#include "tensor/autograd.h"
#include "tensor/dispatch.h"
#include "tensor/op.h"

namespace masktwins {
namespace {

Tensor leaky_relu_backward(const Tensor& y, const Tensor& dy, double slope) {
  Tensor dx = Tensor::empty(y.shape(), y.dtype(), y.device());
  const ProfileScope profile("leaky_relu_backward",
                             {3.0 * static_cast<double>(y.bytes()), static_cast<double>(y.numel())});
  dispatch(y, "leaky_relu", [&](auto device, auto zero) {
    using T = decltype(zero);
    const kernels::LeakyReluBackwardArgs<T> args{y.data<T>(), dy.data<T>(), dx.data<T>(), y.numel(), slope};
    if constexpr (device == Device::cpu) kernels::cpu::leaky_relu_backward(args);
    else kernels::cuda::leaky_relu_backward(args);
  });
  return dx;
}

Work work(const Tensor& x) { return {2.0 * static_cast<double>(x.bytes()), static_cast<double>(x.numel())}; }

}  // namespace

Tensor leaky_relu(const Tensor& x, double slope) {
  require(slope > 0 && slope <= 1, "leaky_relu: the slope lies in (0, 1], got ", slope);
  Tensor y = Tensor::empty(x.shape(), x.dtype(), x.device());
  {
    const ProfileScope profile("leaky_relu", work(x));
    dispatch(x, "leaky_relu", [&](auto device, auto zero) {
      using T = decltype(zero);
      const kernels::LeakyReluArgs<T> args{x.data<T>(), y.data<T>(), x.numel(), slope};
      if constexpr (device == Device::cpu) kernels::cpu::leaky_relu(args);
      else kernels::cuda::leaky_relu(args);
    });
  }
  return record("leaky_relu", y, {x}, [saved = Saved(y), slope](const Tensor& dy, InputGradients& inputs) {
    inputs.add(0, leaky_relu_backward(saved.get(), dy, slope));
  });
}

namespace {

Tensors reference(const Tensors& inputs, const Attributes& a) {
  Tensor y = inputs[0].clone();
  double* data = y.data<double>();
  for (int64_t i = 0; i < y.numel(); ++i)
    if (data[i] < 0) data[i] *= real_attribute(a, "slope");
  return {y};
}

Sample sample(const Shape& shape, double slope) { return {{{shape}}, {{"slope", slope}}}; }

const RegisterOp registered({
    .name = "leaky_relu",
    .formula = "y = x where x > 0, else slope · x",
    .run = [](const Tensors& inputs,
              const Attributes& a) { return Tensors{leaky_relu(inputs[0], real_attribute(a, "slope"))}; },
    .reference = reference,
    .samples = {sample({2, 3, 5, 7}, 0.2), sample({1}, 0.01), sample({0, 3}, 0.2)},
    .benchmarks = {sample({2, 64, 256, 256}, 0.2)},
    .work = [](const Tensors& inputs, const Attributes&) { return work(inputs[0]); },
});

}  // namespace
}  // namespace masktwins

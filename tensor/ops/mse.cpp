#include "tensor/ops/mse.h"

#include "kernels/mse.h"
#include "tensor/autocast.h"
#include "tensor/autograd.h"
#include "tensor/dispatch.h"
#include "tensor/op.h"

namespace masktwins {
namespace {

using kernels::Wide;

Work work(const Tensor& a) {
  return {2.0 * static_cast<double>(a.bytes()), 3.0 * static_cast<double>(a.numel())};
}

Tensor mse_backward(const Tensor& a, const Tensor& b, const Tensor& dloss, int sign) {
  Tensor gradient = Tensor::empty(a.shape(), a.dtype(), a.device());
  const ProfileScope profile("mse_backward",
                             {3.0 * static_cast<double>(a.bytes()), 2.0 * static_cast<double>(a.numel())});
  dispatch(a, "mse", [&](auto device, auto zero) {
    using T = decltype(zero);
    const kernels::MseBackwardArgs<T> args{
        a.numel(),         a.data<T>(), b.data<T>(), dloss.data<Wide<T>>(), static_cast<Wide<T>>(sign),
        gradient.data<T>()};
    if constexpr (device == Device::cpu) kernels::cpu::mse_backward(args);
    else kernels::cuda::mse_backward(args);
  });
  return gradient;
}

}  // namespace

Tensor mse(const Tensor& a, const Tensor& b) {
  if (autocasts("mse", {a, b})) return mse(autocast("mse", a), autocast("mse", b));
  require_same(a, b, "mse");
  Tensor loss = Tensor::empty({}, wide(a.dtype()), a.device());
  {
    const ProfileScope profile("mse", work(a));
    dispatch(a, "mse", [&](auto device, auto zero) {
      using T = decltype(zero);
      const kernels::MseArgs<T> args{a.numel(), a.data<T>(), b.data<T>(), loss.data<Wide<T>>()};
      if constexpr (device == Device::cpu) kernels::cpu::mse(args);
      else kernels::cuda::mse(args);
    });
  }
  return record("mse", loss, {a, b},
                [a = Saved(a), b = Saved(b)](const Tensor& dloss, InputGradients& inputs) {
                  if (inputs.wanted(0)) inputs.add(0, mse_backward(a.get(), b.get(), dloss, 1));
                  if (inputs.wanted(1)) inputs.add(1, mse_backward(a.get(), b.get(), dloss, -1));
                });
}

namespace {

Tensors reference(const Tensors& inputs, const Attributes&) {
  double sum = 0;
  for (int64_t i = 0; i < inputs[0].numel(); ++i) {
    const double difference = inputs[0].data<double>()[i] - inputs[1].data<double>()[i];
    sum += difference * difference;
  }
  const int64_t count = inputs[0].numel();
  return {Tensor::full({}, count > 0 ? sum / static_cast<double>(count) : 0, DType::float64)};
}

Sample sample(const Shape& shape) { return {{{shape}, {shape}}, {}}; }

const RegisterOp registered({
    .name = "mse",
    .formula = "mean of (a - b)²",
    .run = [](const Tensors& inputs, const Attributes&) { return Tensors{mse(inputs[0], inputs[1])}; },
    .reference = reference,
    .samples = {sample({2, 2, 9, 7}), sample({33}), sample({1}), sample({0, 3})},
    .benchmarks = {sample({2, 2, 512, 512})},
    .work = [](const Tensors& inputs, const Attributes&) { return work(inputs[0]); },
    .autocast = Autocast::keep_float32,
});

}  // namespace
}  // namespace masktwins

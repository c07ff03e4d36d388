#include "tensor/ops/softmax_channels.h"

#include <cmath>

#include "kernels/softmax_channels.h"
#include "tensor/autocast.h"
#include "tensor/autograd.h"
#include "tensor/dispatch.h"
#include "tensor/op.h"

namespace masktwins {
namespace {

int64_t pixels_of(const Tensor& x) { return x.dim(0) * x.dim(2) * x.dim(3); }

Work work(const Tensor& x) {
  return {2.0 * static_cast<double>(x.bytes()), 4.0 * static_cast<double>(x.numel())};
}

Tensor softmax_channels_backward(const Tensor& y, const Tensor& dy) {
  Tensor dx = Tensor::empty(y.shape(), y.dtype(), y.device());
  const ProfileScope profile("softmax_channels_backward",
                             {3.0 * static_cast<double>(y.bytes()), 4.0 * static_cast<double>(y.numel())});
  dispatch(y, "softmax_channels", [&](auto device, auto zero) {
    using T = decltype(zero);
    const kernels::SoftmaxBackwardArgs<T> args{pixels_of(y), y.dim(1), y.data<T>(), dy.data<T>(),
                                               dx.data<T>()};
    if constexpr (device == Device::cpu) kernels::cpu::softmax_channels_backward(args);
    else kernels::cuda::softmax_channels_backward(args);
  });
  return dx;
}

}  // namespace

Tensor softmax_channels(const Tensor& x) {
  if (autocasts("softmax_channels", {x})) return softmax_channels(autocast("softmax_channels", x));
  image_size(x, "softmax_channels");
  Tensor y = Tensor::empty(x.shape(), x.dtype(), x.device());
  {
    const ProfileScope profile("softmax_channels", work(x));
    dispatch(x, "softmax_channels", [&](auto device, auto zero) {
      using T = decltype(zero);
      const kernels::SoftmaxArgs<T> args{pixels_of(x), x.dim(1), x.data<T>(), y.data<T>()};
      if constexpr (device == Device::cpu) kernels::cpu::softmax_channels(args);
      else kernels::cuda::softmax_channels(args);
    });
  }
  return record("softmax_channels", y, {x}, [y = Saved(y)](const Tensor& dy, InputGradients& inputs) {
    inputs.add(0, softmax_channels_backward(y.get(), dy));
  });
}

namespace {

Tensors reference(const Tensors& inputs, const Attributes&) {
  Tensor y = inputs[0].clone();
  const int64_t channels = y.dim(1);
  for (int64_t i = 0; i < pixels_of(y); ++i) {
    double* row = y.data<double>() + i * channels;
    double total = 0;
    for (int64_t c = 0; c < channels; ++c) total += std::exp(row[c]);
    for (int64_t c = 0; c < channels; ++c) row[c] = std::exp(row[c]) / total;
  }
  return {y};
}

Sample sample(const Shape& shape) { return {{{shape}}, {}}; }

const RegisterOp registered({
    .name = "softmax_channels",
    .formula = "y_k = exp(x_k) / Σ_j exp(x_j) over channels",
    .run = [](const Tensors& inputs, const Attributes&) { return Tensors{softmax_channels(inputs[0])}; },
    .reference = reference,
    .samples = {sample({2, 2, 9, 7}), sample({1, 19, 5, 6}), sample({1, 1, 1, 1}), sample({0, 3, 4, 4}),
                sample({1, 120, 5, 7}), sample({1, 500, 2, 3})},
    .benchmarks = {sample({2, 2, 512, 512}), sample({1, 19, 512, 512})},
    .work = [](const Tensors& inputs, const Attributes&) { return work(inputs[0]); },
    .autocast = Autocast::keep_float32,
});

}  // namespace
}  // namespace masktwins

#include "tensor/ops/layer_norm.h"

#include <cmath>

#include "kernels/layer_norm.h"
#include "tensor/autograd.h"
#include "tensor/dispatch.h"
#include "tensor/op.h"
#include "tensor/rows.h"

namespace masktwins {
namespace {

using kernels::Wide;

Work work(const Tensor& x) {
  return {2.0 * static_cast<double>(x.bytes()), 8.0 * static_cast<double>(x.numel())};
}

// Mean and 1 / sqrt(variance + eps) of every row.
struct RowMoments {
  Tensor mean, rstd;
};

Tensor forward(const Tensor& x, const Tensor& weight, const Tensor& bias, double eps, RowMoments moments) {
  const auto [rows, channels] = rows_of(x, "layer_norm");
  Tensor y = Tensor::empty(x.shape(), x.dtype(), x.device());
  const ProfileScope profile("layer_norm", work(x));
  dispatch(x, "layer_norm", [&, rows = rows, channels = channels](auto device, auto zero) {
    using T = decltype(zero);
    const kernels::LayerNormArgs<T> args{rows,
                                         channels,
                                         x.data<T>(),
                                         weight.data<Wide<T>>(),
                                         bias.data<Wide<T>>(),
                                         y.data<T>(),
                                         moments.mean.data<Wide<T>>(),
                                         moments.rstd.data<Wide<T>>(),
                                         eps};
    if constexpr (device == Device::cpu) kernels::cpu::layer_norm(args);
    else kernels::cuda::layer_norm(args);
  });
  return y;
}

struct LayerNormGradients {
  Tensor x, weight, bias;
};

LayerNormGradients backward_all(const Tensor& x, const Tensor& weight, const RowMoments& moments,
                                const Tensor& dy) {
  const auto [rows, channels] = rows_of(x, "layer_norm");
  LayerNormGradients gradients{Tensor::empty(x.shape(), x.dtype(), x.device()),
                               Tensor::empty({channels}, wide(x.dtype()), x.device()),
                               Tensor::empty({channels}, wide(x.dtype()), x.device())};
  const ProfileScope profile("layer_norm_backward",
                             {3.0 * static_cast<double>(x.bytes()), 14.0 * static_cast<double>(x.numel())});
  dispatch(x, "layer_norm", [&, rows = rows, channels = channels](auto device, auto zero) {
    using T = decltype(zero);
    const kernels::LayerNormBackwardArgs<T> args{rows,
                                                 channels,
                                                 x.data<T>(),
                                                 weight.data<Wide<T>>(),
                                                 moments.mean.data<Wide<T>>(),
                                                 moments.rstd.data<Wide<T>>(),
                                                 dy.data<T>(),
                                                 gradients.x.data<T>(),
                                                 gradients.weight.data<Wide<T>>(),
                                                 gradients.bias.data<Wide<T>>()};
    if constexpr (device == Device::cpu) kernels::cpu::layer_norm_backward(args);
    else kernels::cuda::layer_norm_backward(args);
  });
  return gradients;
}

}  // namespace

Tensor layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, double eps) {
  const auto [rows, channels] = rows_of(x, "layer_norm");
  require(weight.shape() == Shape{channels} && bias.shape() == Shape{channels},
          "layer_norm: weight and bias need one element per channel, got ", weight.shape(), " and ",
          bias.shape(), " for x ", x.shape());
  const RowMoments moments{Tensor::empty({rows}, wide(x.dtype()), x.device()),
                           Tensor::empty({rows}, wide(x.dtype()), x.device())};
  const Saved saved_x(x), saved_weight(weight), saved_bias(bias);
  const Tensor y = record("layer_norm", forward(x, weight, bias, eps, moments), {x, weight, bias},
                          [=](const Tensor& dy, InputGradients& inputs) {
                            const LayerNormGradients gradients =
                                backward_all(saved_x.get(), saved_weight.get(), moments, dy);
                            inputs.add(0, gradients.x);
                            inputs.add(1, gradients.weight);
                            inputs.add(2, gradients.bias);
                          });
  set_recipe(y, [=] { return forward(saved_x.get(), saved_weight.get(), saved_bias.get(), eps, moments); });
  return y;
}

namespace {

Tensors reference(const Tensors& inputs, const Attributes& attributes) {
  const auto [rows, channels] = rows_of(inputs[0], "layer_norm");
  Tensor y = inputs[0].clone();
  const double n = static_cast<double>(channels);
  for (int64_t r = 0; r < rows; ++r) {
    double* row = y.data<double>() + r * channels;
    double mean = 0, variance = 0;
    for (int64_t c = 0; c < channels; ++c) mean += row[c] / n;
    for (int64_t c = 0; c < channels; ++c) variance += (row[c] - mean) * (row[c] - mean) / n;
    for (int64_t c = 0; c < channels; ++c)
      row[c] = (row[c] - mean) / std::sqrt(variance + real_attribute(attributes, "eps")) *
                   inputs[1].data<double>()[c] +
               inputs[2].data<double>()[c];
  }
  return {y};
}

Sample sample(const Shape& x, int64_t channels, double eps) {
  const Argument parameter{.shape = {channels}, .always_wide = true};
  return {{{x}, parameter, parameter}, {{"eps", eps}}};
}

const RegisterOp registered({
    .name = "layer_norm",
    .formula = "y[r,c] = (x[r,c] - mean_r) / sqrt(var_r + eps) * weight[c] + bias[c]",
    .run =
        [](const Tensors& in, const Attributes& a) {
          return Tensors{layer_norm(in[0], in[1], in[2], real_attribute(a, "eps"))};
        },
    .reference = reference,
    .samples = {sample({2, 9, 32}, 32, 1e-5), sample({2, 7, 3, 5}, 7, 1e-6), sample({3, 1}, 1, 1e-2),
                sample({2300, 19}, 19, 1e-6), sample({0, 4, 8}, 8, 1e-5), sample({5, 67}, 67, 1e-6),
                sample({9, 160}, 160, 1e-6), sample({3, 512}, 512, 1e-6), sample({2, 1040}, 1040, 1e-6)},
    .benchmarks = {sample({2, 16384, 64}, 64, 1e-6), sample({2, 1024, 320}, 320, 1e-6)},
    .work = [](const Tensors& in, const Attributes&) { return work(in[0]); },
});

}  // namespace
}  // namespace masktwins

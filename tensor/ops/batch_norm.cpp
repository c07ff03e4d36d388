#include "tensor/ops/batch_norm.h"

#include <cmath>

#include "tensor/autograd.h"
#include "tensor/dispatch.h"
#include "tensor/reference.h"

namespace masktwins {
namespace {

void update_running(const Moments& moments, int64_t region_size, double momentum, Tensor& running_mean,
                    Tensor& running_variance) {
  dispatch(moments.mean, "batch_norm", [&](auto device, auto zero) {
    using T = decltype(zero);
    const kernels::UpdateRunningMomentsArgs<T> args{.mean = moments.mean.data<T>(),
                                                    .variance = moments.variance.data<T>(),
                                                    .running_mean = running_mean.data<T>(),
                                                    .running_variance = running_variance.data<T>(),
                                                    .channels = moments.mean.numel(),
                                                    .region_size = region_size,
                                                    .momentum = momentum};
    if constexpr (device == Device::cpu) kernels::cpu::update_running_moments(args);
    else if constexpr (std::is_same_v<T, float>) kernels::cuda::update_running_moments(args);
  });
}

}  // namespace

Tensor batch_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, Tensor running_mean,
                  Tensor running_variance, const BatchNormOptions& options) {
  const auto [batch, channels, height, width] =
      check_norm_inputs("batch_norm", x, {weight, bias, running_mean, running_variance});
  const int64_t rows = batch * height * width;
  const Normalization kind{"batch_norm",
                           "batch_norm_backward",
                           {1, rows, channels, channels},
                           {options.eps, options.relu},
                           !options.training};
  if (!options.training) {
    require(running_mean.defined() && running_variance.defined(),
            "batch_norm: evaluation needs running statistics");
    return normalize(kind, x, {running_mean, running_variance}, weight, bias);
  }
  require(rows > 1, "batch_norm: training needs more than one element per channel, got input ", x.shape());
  const Moments moments = region_moments(kind, x);
  if (running_mean.defined() && running_variance.defined() && !replaying_checkpoint())
    update_running(moments, rows, options.momentum, running_mean, running_variance);
  return normalize(kind, x, moments, weight, bias);
}

namespace {

// Results: y, and the running statistics afterwards.
Tensors run(const Tensors& inputs, const Attributes& attributes) {
  const Tensor running_mean = inputs[3].clone(), running_variance = inputs[4].clone();
  const BatchNormOptions options{.training = attribute(attributes, "training") != 0,
                                 .relu = attribute(attributes, "relu") != 0};
  const Tensor y = batch_norm(inputs[0], inputs[1], inputs[2], running_mean, running_variance, options);
  return {y, running_mean, running_variance};
}

Tensors reference(const Tensors& inputs, const Attributes& attributes) {
  const Tensor& x = inputs[0];
  Tensor mean = inputs[3].clone(), variance = inputs[4].clone();
  const auto channel = [](int64_t, int64_t c) { return c; };
  const bool relu = attribute(attributes, "relu") != 0;
  if (attribute(attributes, "training") != 0) {
    const NormReference result = norm_reference(x, inputs[1], inputs[2], x.dim(1), channel, 1e-5, relu);
    const double n = static_cast<double>(x.numel() / x.dim(1));
    for (int64_t c = 0; c < x.dim(1); ++c) {
      mean.data<double>()[c] = 0.9 * mean.data<double>()[c] + 0.1 * result.mean.data<double>()[c];
      variance.data<double>()[c] =
          0.9 * variance.data<double>()[c] + 0.1 * result.variance.data<double>()[c] * n / (n - 1);
    }
    return {result.y, mean, variance};
  }
  Tensor y = x.clone();
  for_each_element(x.shape(), [&](int64_t n, int64_t c, int64_t i, int64_t j) {
    const double value = (at(x, n, c, i, j) - mean.data<double>()[c]) /
                             std::sqrt(variance.data<double>()[c] + 1e-5) * inputs[1].data<double>()[c] +
                         inputs[2].data<double>()[c];
    at(y, n, c, i, j) = relu ? std::max(value, 0.0) : value;
  });
  return {y, mean, variance};
}

// x, weight, bias, running mean and variance.
Sample sample(const Shape& shape, bool training, bool relu) {
  const Shape channels{shape[1]};
  const Argument parameter{.shape = channels, .always_wide = true};
  const Argument mean{.shape = channels, .differentiable = false, .always_wide = true};
  const Argument variance{.shape = channels,
                          .fill = Fill::uniform,
                          .low = 0.5,
                          .high = 1.5,
                          .differentiable = false,
                          .always_wide = true};
  return {{{shape}, parameter, parameter, mean, variance}, {{"training", training}, {"relu", relu}}};
}

const RegisterOp registered({
    .name = "batch_norm",
    .formula = "y = relu?((x - mean_c) / sqrt(var_c + eps) * weight_c + bias_c)",
    .run = run,
    .reference = reference,
    .samples = {sample({2, 3, 5, 7}, true, true), sample({2, 3, 5, 7}, false, true),
                sample({3, 5, 1, 1}, true, false), sample({1, 1, 1, 1}, false, false),
                sample({0, 3, 4, 4}, false, true), sample({2, 20, 71, 53}, true, false)},
    .benchmarks = {sample({2, 256, 128, 128}, true, true), sample({2, 256, 128, 128}, false, true)},
    .work = [](const Tensors& inputs, const Attributes&) { return norm_work(inputs[0]); },
});

}  // namespace
}  // namespace masktwins

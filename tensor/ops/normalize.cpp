#include "tensor/ops/normalize.h"

#include <cmath>

#include "tensor/autograd.h"
#include "tensor/dispatch.h"
#include "tensor/reference.h"

namespace masktwins {
namespace {

using kernels::Wide;

template <class T>
const T* data_or_null(const Tensor& tensor) {
  return tensor.defined() ? tensor.data<T>() : nullptr;
}
template <class T>
T* data_or_null(Tensor& tensor) {
  return tensor.defined() ? tensor.data<T>() : nullptr;
}

Tensor apply(const Normalization& kind, const Tensor& x, const Moments& moments, const Tensor& weight,
             const Tensor& bias) {
  Tensor y = Tensor::empty(x.shape(), x.dtype(), x.device());
  const ProfileScope profile(kind.op,
                             {2.0 * static_cast<double>(x.bytes()), 4.0 * static_cast<double>(x.numel())});
  dispatch(x, kind.op, [&](auto device, auto zero) {
    using T = decltype(zero);
    const kernels::NormalizeArgs<T> args{.shape = kind.shape,
                                         .x = x.data<T>(),
                                         .mean = moments.mean.data<Wide<T>>(),
                                         .variance = moments.variance.data<Wide<T>>(),
                                         .weight = data_or_null<Wide<T>>(weight),
                                         .bias = data_or_null<Wide<T>>(bias),
                                         .y = y.data<T>(),
                                         .eps = kind.options.eps,
                                         .relu = kind.options.relu};
    if constexpr (device == Device::cpu) kernels::cpu::normalize(args);
    else kernels::cuda::normalize(args);
  });
  return y;
}

struct NormGradients {
  Tensor x, weight, bias;
};

// Fills the gradients that are defined.
void apply_backward(const Normalization& kind, const Tensor& x, const Moments& moments, const Tensor& weight,
                    const Tensor& bias, const Tensor& dy, NormGradients& gradients) {
  const double passes = gradients.x.defined() ? 5 : 2;
  const ProfileScope profile(
      kind.backward_op, {passes * static_cast<double>(x.bytes()), 12.0 * static_cast<double>(x.numel())});
  dispatch(x, kind.op, [&](auto device, auto zero) {
    using T = decltype(zero);
    const kernels::NormalizeBackwardArgs<T> args{.shape = kind.shape,
                                                 .x = x.data<T>(),
                                                 .mean = moments.mean.data<Wide<T>>(),
                                                 .variance = moments.variance.data<Wide<T>>(),
                                                 .weight = data_or_null<Wide<T>>(weight),
                                                 .bias = data_or_null<Wide<T>>(bias),
                                                 .dy = dy.data<T>(),
                                                 .dx = data_or_null<T>(gradients.x),
                                                 .dweight = data_or_null<Wide<T>>(gradients.weight),
                                                 .dbias = data_or_null<Wide<T>>(gradients.bias),
                                                 .eps = kind.options.eps,
                                                 .relu = kind.options.relu,
                                                 .constant_moments = kind.constant_moments};
    if constexpr (device == Device::cpu) kernels::cpu::normalize_backward(args);
    else kernels::cuda::normalize_backward(args);
  });
}

}  // namespace

Moments region_moments(const Normalization& kind, const Tensor& x) {
  const Shape regions{kind.shape.samples * kind.shape.groups};
  Moments moments{Tensor::empty(regions, wide(x.dtype()), x.device()),
                  Tensor::empty(regions, wide(x.dtype()), x.device())};
  const ProfileScope profile(kind.op, {static_cast<double>(x.bytes()), 4.0 * static_cast<double>(x.numel())});
  dispatch(x, kind.op, [&](auto device, auto zero) {
    using T = decltype(zero);
    const kernels::RegionMomentsArgs<T> args{kind.shape, x.data<T>(), moments.mean.data<Wide<T>>(),
                                             moments.variance.data<Wide<T>>()};
    if constexpr (device == Device::cpu) kernels::cpu::region_moments(args);
    else kernels::cuda::region_moments(args);
  });
  return moments;
}

Tensor normalize(const Normalization& kind, const Tensor& x, const Moments& moments, const Tensor& weight,
                 const Tensor& bias) {
  const Saved saved_x(x), saved_weight(weight), saved_bias(bias);
  const Tensor y =
      record(kind.op, apply(kind, x, moments, weight, bias), {x, weight, bias},
             [=](const Tensor& dy, InputGradients& inputs) {
               const Tensor x_again = saved_x.get();
               const Shape channels{kind.shape.channels};
               const auto gradient_of = [&](std::size_t input, const Shape& shape, DType dtype) {
                 return inputs.wanted(input) ? Tensor::empty(shape, dtype, dy.device()) : Tensor();
               };
               const DType of_parameters = wide(dy.dtype());
               NormGradients gradients{gradient_of(0, dy.shape(), dy.dtype()),
                                       gradient_of(1, channels, of_parameters),
                                       gradient_of(2, channels, of_parameters)};
               apply_backward(kind, x_again, moments, saved_weight.get(), saved_bias.get(), dy, gradients);
               inputs.add(0, gradients.x);
               inputs.add(1, gradients.weight);
               inputs.add(2, gradients.bias);
             });
  set_recipe(y, [=] { return apply(kind, saved_x.get(), moments, saved_weight.get(), saved_bias.get()); });
  return y;
}

ImageSize check_norm_inputs(const char* op, const Tensor& x, const std::vector<Tensor>& per_channel) {
  const ImageSize size = image_size(x, op);
  for (const Tensor& parameter : per_channel) {
    if (!parameter.defined()) continue;
    require(parameter.shape() == Shape{size.channels}, op, ": needs one parameter per channel, got ",
            parameter.shape(), " for input ", x.shape());
    require(parameter.dtype() == wide(x.dtype()), op, ": parameters must be ", wide(x.dtype()),
            " for an input of ", x.dtype(), ", got ", parameter.dtype());
  }
  return size;
}

Work norm_work(const Tensor& x) {
  return {3.0 * static_cast<double>(x.bytes()), 8.0 * static_cast<double>(x.numel())};
}

NormReference norm_reference(const Tensor& x, const Tensor& weight, const Tensor& bias, int64_t regions,
                             const std::function<int64_t(int64_t, int64_t)>& region_of, double eps,
                             bool relu) {
  std::vector<double> count(static_cast<std::size_t>(regions));
  NormReference result{x.clone(), Tensor::zeros({regions}, DType::float64),
                       Tensor::zeros({regions}, DType::float64)};
  double* mean = result.mean.data<double>();
  double* variance = result.variance.data<double>();
  for_each_element(x.shape(), [&](int64_t n, int64_t c, int64_t i, int64_t j) {
    mean[region_of(n, c)] += at(x, n, c, i, j);
    ++count[static_cast<std::size_t>(region_of(n, c))];
  });
  for (int64_t region = 0; region < regions; ++region)
    mean[region] /= count[static_cast<std::size_t>(region)];
  for_each_element(x.shape(), [&](int64_t n, int64_t c, int64_t i, int64_t j) {
    const int64_t region = region_of(n, c);
    variance[region] +=
        std::pow(at(x, n, c, i, j) - mean[region], 2) / count[static_cast<std::size_t>(region)];
  });
  for_each_element(x.shape(), [&](int64_t n, int64_t c, int64_t i, int64_t j) {
    const int64_t region = region_of(n, c);
    double value = (at(x, n, c, i, j) - mean[region]) / std::sqrt(variance[region] + eps);
    if (weight.defined()) value *= weight.data<double>()[c];
    if (bias.defined()) value += bias.data<double>()[c];
    at(result.y, n, c, i, j) = relu ? std::max(value, 0.0) : value;
  });
  return result;
}

}  // namespace masktwins

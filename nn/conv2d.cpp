#include "nn/conv2d.h"

#include <cmath>

#include "tensor/ops/conv_transpose2d.h"
#include "tensor/ops/depthwise_conv2d.h"

namespace masktwins::nn {
namespace {

double default_bound(int64_t fan_in) { return 1 / std::sqrt(static_cast<double>(fan_in)); }

}  // namespace

Conv2d::Conv2d(int64_t in_channels, int64_t out_channels, int64_t kernel, const Conv2dOptions& options,
               Initializer& init)
    : options_(options) {
  const double bound = default_bound(in_channels * kernel * kernel);
  weight_ = init.uniform({out_channels, in_channels, kernel, kernel}, bound);
  bias_ = init.uniform({out_channels}, bound);
  register_parameter("weight", weight_);
  register_parameter("bias", bias_);
}

Conv2d::Conv2d(const Conv2dOptions& options, Tensor weight, Tensor bias)
    : options_(options), weight_(std::move(weight)), bias_(std::move(bias)) {
  register_parameter("weight", weight_);
  if (bias_.defined()) register_parameter("bias", bias_);
}

Tensor Conv2d::forward(const Tensor& x) const { return conv2d(x, weight_, bias_, options_); }

double he_deviation(int64_t fan_out) { return std::sqrt(2 / static_cast<double>(fan_out)); }

Conv2d he_conv2d(int64_t in_channels, int64_t out_channels, int64_t kernel, const Conv2dOptions& options,
                 Initializer& init) {
  const double deviation = he_deviation(out_channels * kernel * kernel);
  return {options, init.normal({out_channels, in_channels, kernel, kernel}, deviation), Tensor()};
}

DepthwiseConv2d::DepthwiseConv2d(int64_t dilation, Tensor weight, Tensor bias)
    : dilation_(dilation), weight_(std::move(weight)), bias_(std::move(bias)) {
  register_parameter("weight", weight_);
  if (bias_.defined()) register_parameter("bias", bias_);
}

Tensor DepthwiseConv2d::forward(const Tensor& x) const {
  return depthwise_conv2d(x, weight_, bias_, dilation_);
}

ConvTranspose2d::ConvTranspose2d(int64_t in_channels, int64_t out_channels, int64_t kernel,
                                 const Conv2dOptions& options, Initializer& init)
    : options_(options) {
  const double bound = default_bound(out_channels * kernel * kernel);
  weight_ = init.uniform({in_channels, out_channels, kernel, kernel}, bound);
  bias_ = init.uniform({out_channels}, bound);
  register_parameter("weight", weight_);
  register_parameter("bias", bias_);
}

Tensor ConvTranspose2d::forward(const Tensor& x) const {
  return conv_transpose2d(x, weight_, bias_, options_);
}

}  // namespace masktwins::nn

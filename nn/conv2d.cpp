#include "nn/conv2d.h"

#include <cmath>

#include "tensor/ops/conv_transpose2d.h"

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

Tensor Conv2d::forward(const Tensor& x) const { return conv2d(x, weight_, bias_, options_); }

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

#include "nn/conv_module.h"

namespace masktwins::nn {
ConvModule::ConvModule(int64_t in_channels, int64_t out_channels, int64_t kernel,
                       const Conv2dOptions& options, Initializer& init)
    : conv_(he_conv2d(in_channels, out_channels, kernel, options, init)), bn_(out_channels) {
  register_module("conv", conv_);
  register_module("bn", bn_);
}

DepthwiseConvModule::DepthwiseConvModule(int64_t channels, int64_t dilation, Initializer& init)
    : conv_(dilation, init.normal({channels, 1, 3, 3}, he_deviation(channels * 9)), Tensor()), bn_(channels) {
  register_module("conv", conv_);
  register_module("bn", bn_);
}

SeparableConvModule::SeparableConvModule(int64_t in_channels, int64_t out_channels, int64_t dilation,
                                         Initializer& init)
    : depthwise_(in_channels, dilation, init), pointwise_(in_channels, out_channels, 1, {}, init) {
  register_module("depthwise_conv", depthwise_);
  register_module("pointwise_conv", pointwise_);
}

}  // namespace masktwins::nn

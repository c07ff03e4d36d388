// Convolution without bias, batch norm, ReLU: the unit that decode heads are built of, with the parameter
// names of mmcv's ConvModule. First weights are normal with variance 2 / fan_out (He et al. 2015).
#pragma once

#include "nn/conv2d.h"
#include "nn/normalization.h"

namespace masktwins::nn {

// Parameters conv.weight (O, C, k, k), bn.*.
class ConvModule : public Module {
 public:
  ConvModule(int64_t in_channels, int64_t out_channels, int64_t kernel, const Conv2dOptions& options,
             Initializer& init);
  Tensor forward(const Tensor& x) { return bn_.forward_relu(conv_.forward(x)); }

 private:
  Conv2d conv_;
  BatchNorm2d bn_;
};

// With a dilated 3x3 filter that keeps the size.
class DilatedConvModule : public ConvModule {
 public:
  DilatedConvModule(int64_t in_channels, int64_t out_channels, int64_t dilation, Initializer& init)
      : ConvModule(in_channels, out_channels, 3, {.padding = dilation, .dilation = dilation}, init) {}
};

// The same with a 3x3 filter per channel: conv.weight (C, 1, 3, 3), bn.*.
class DepthwiseConvModule : public Module {
 public:
  DepthwiseConvModule(int64_t channels, int64_t dilation, Initializer& init);
  Tensor forward(const Tensor& x) { return bn_.forward_relu(conv_.forward(x)); }

 private:
  DepthwiseConv2d conv_;
  BatchNorm2d bn_;
};

// Depthwise 3x3, then 1x1 (Chollet 2017): depthwise_conv.*, pointwise_conv.*.
class SeparableConvModule : public Module {
 public:
  SeparableConvModule(int64_t in_channels, int64_t out_channels, int64_t dilation, Initializer& init);
  Tensor forward(const Tensor& x) { return pointwise_.forward(depthwise_.forward(x)); }

 private:
  DepthwiseConvModule depthwise_;
  ConvModule pointwise_;
};

}  // namespace masktwins::nn

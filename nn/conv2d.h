#pragma once

#include "nn/initializer.h"
#include "nn/module.h"
#include "tensor/ops/conv2d.h"

namespace masktwins::nn {

// torch.nn.Conv2d with a square kernel: parameters weight (O, C, k, k) and bias (O), both drawn from
// U(-1/sqrt(fan_in), 1/sqrt(fan_in)), fan_in = C·k·k.
class Conv2d : public Module {
 public:
  Conv2d(int64_t in_channels, int64_t out_channels, int64_t kernel, const Conv2dOptions& options,
         Initializer& init);
  // With these first values; without a bias if that is undefined.
  Conv2d(const Conv2dOptions& options, Tensor weight, Tensor bias);
  Tensor forward(const Tensor& x) const;
  const Tensor& weight() const { return weight_; }

 private:
  Conv2dOptions options_;
  Tensor weight_, bias_;
};

// sqrt(2 / fan_out), the deviation of weights before a ReLU (He et al. 2015); fan_out = outputs · kernel
// area.
double he_deviation(int64_t fan_out);

// A convolution without bias whose first weights are normal with that deviation.
Conv2d he_conv2d(int64_t in_channels, int64_t out_channels, int64_t kernel, const Conv2dOptions& options,
                 Initializer& init);

// torch.nn.Conv2d with a 3x3 kernel, groups = channels, and padding = dilation, which keeps the size: weight
// (C, 1, 3, 3) and bias (C) with these first values; without a bias if that is undefined.
class DepthwiseConv2d : public Module {
 public:
  DepthwiseConv2d(int64_t dilation, Tensor weight, Tensor bias);
  Tensor forward(const Tensor& x) const;

 private:
  int64_t dilation_;
  Tensor weight_, bias_;
};

// torch.nn.ConvTranspose2d with a square kernel: weight (C, O, k, k), bias (O); fan_in = O·k·k as PyTorch
// counts it.
class ConvTranspose2d : public Module {
 public:
  ConvTranspose2d(int64_t in_channels, int64_t out_channels, int64_t kernel, const Conv2dOptions& options,
                  Initializer& init);
  Tensor forward(const Tensor& x) const;

 private:
  Conv2dOptions options_;
  Tensor weight_, bias_;
};

}  // namespace masktwins::nn

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
  Tensor forward(const Tensor& x) const;

 private:
  Conv2dOptions options_;
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

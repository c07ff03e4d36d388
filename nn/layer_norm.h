#pragma once

#include "nn/module.h"

namespace masktwins::nn {

// torch.nn.LayerNorm over the channels: weight and bias (C), at first 1 and 0. Takes images (N, C, H, W),
// whose pixels are the rows, and rows (..., C).
class LayerNorm : public Module {
 public:
  LayerNorm(int64_t channels, double eps);
  Tensor forward(const Tensor& x) const;

 private:
  double eps_;
  Tensor weight_, bias_;
};

}  // namespace masktwins::nn

#pragma once

#include "tensor/tensor.h"

namespace masktwins {

struct Conv2dOptions {
  int64_t stride = 1, padding = 0, dilation = 1;
};

// Cross-correlation, as torch.nn.functional.conv2d. x (N, C, H, W), weight (O, C, kh, kw), bias (O) or
// undefined; result (N, O, OH, OW) with OH = (H + 2·padding - dilation·(kh - 1) - 1) / stride + 1.
Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv2dOptions& options = {});

}  // namespace masktwins

#pragma once

#include "tensor/tensor.h"

namespace masktwins {

// Every channel of x (N, C, H, W) convolved with its own 3x3 filter, weight (C, 1, 3, 3), bias (C) or
// undefined; stride 1 and padding equal to dilation keep the size: torch.nn.functional.conv2d(x, weight,
// bias, padding=dilation, dilation=dilation, groups=C).
Tensor depthwise_conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, int64_t dilation = 1);

}  // namespace masktwins

// Adaptive instance normalisation (Huang and Belongie, ICCV 2017; section 3.12 of the method's description).
#pragma once

#include "tensor/tensor.h"

namespace masktwins::nn {

// x (N, C, H, W) with the mean and deviation that each channel has in `style` (M, C, H', W'), over height and
// width per image, used in turn if M < N:
//   y = sqrt(var(style) + eps) * (x - mean(x)) / sqrt(var(x) + eps) + mean(style)
// The statistics of the style are data and get no gradient.
Tensor adain(const Tensor& x, const Tensor& style, double eps = 1e-6);

}  // namespace masktwins::nn

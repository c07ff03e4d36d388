// Adaptive instance normalisation (Huang and Belongie, ICCV 2017; section 3.12 of the method's description).
#pragma once

#include "tensor/tensor.h"

namespace masktwins::nn {

// Mean and variance of each channel, (M, C) of the wide type for M images. Data, without gradient.
struct Style {
  Tensor mean, variance;
};

// Of features (M, C, H, W), over height and width per image.
Style style_of(const Tensor& features);

// x (N, C, H, W) with the mean and deviation that each channel has in the style, whose images are used in
// turn if M < N:
//   y = sqrt(style.variance + eps) * (x - mean(x)) / sqrt(var(x) + eps) + style.mean
Tensor adain(const Tensor& x, const Style& style, double eps = 1e-6);

}  // namespace masktwins::nn

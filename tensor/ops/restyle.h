#pragma once

#include "tensor/tensor.h"

namespace masktwins {

// x (N, C, H, W) scaled by sqrt(variance + eps) and shifted by mean, both (M, C) of x's wide type and used in
// turn if M < N; formula in kernels/restyle.h. Only x gets a gradient.
Tensor restyle(const Tensor& x, const Tensor& mean, const Tensor& variance, double eps);

}  // namespace masktwins

#pragma once

#include "tensor/tensor.h"

namespace masktwins {

// Each row of C channels with mean 0 and variance 1, then times weight plus bias, as
// torch.nn.functional.layer_norm over the channels. x is an image (N, C, H, W), where every pixel is a row,
// or (..., C) of another rank; weight and bias (C). Backward keeps x and two numbers per row; the result is
// not kept but computed again.
Tensor layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, double eps = 1e-5);

}  // namespace masktwins

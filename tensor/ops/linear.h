#pragma once

#include "tensor/tensor.h"

namespace masktwins {

// A matrix product per row: y[..., o] = bias[o] + sum over c of x[..., c] * weight[o, c], as
// torch.nn.functional.linear. x is an image (N, C, H, W), where every pixel is a row, or (..., C) of another
// rank; weight (O, C), bias (O) or undefined. The result has O channels and otherwise the shape of x.
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {});

}  // namespace masktwins

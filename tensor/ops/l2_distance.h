#pragma once

#include "tensor/tensor.h"

namespace masktwins {

// Mean over pixels of the Euclidean distance of a and b over channels, a scalar, with gradients to both.
// Floating (N, C, H, W) tensors of one shape.
Tensor l2_distance(const Tensor& a, const Tensor& b);

}  // namespace masktwins

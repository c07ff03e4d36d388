#pragma once

#include "tensor/tensor.h"

namespace masktwins {

// Mean over pixels, with these weights, of the Euclidean distance of a and b over channels, a scalar of the
// wide type, with gradients to both; 0 if the weights sum to 0. a, b floating (N, C, H, W) tensors of one
// shape; weights (N, H, W) of their wide type, not negative, or undefined for 1.
Tensor l2_distance(const Tensor& a, const Tensor& b, const Tensor& weights = {});

}  // namespace masktwins

#pragma once

#include "tensor/tensor.h"

namespace masktwins {

// Mean of (a - b)² over all elements, a scalar, with gradients to both. Floating tensors of one shape.
Tensor mse(const Tensor& a, const Tensor& b);

}  // namespace masktwins

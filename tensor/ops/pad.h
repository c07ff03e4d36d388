#pragma once

#include "tensor/tensor.h"

namespace masktwins {

// x placed with its first pixel at (top, left) of an image of height x width zeros; the adjoint of crop.
// x (N, C, H, W), or (N, H, W) for label and weight maps; any dtype.
Tensor pad(const Tensor& x, int64_t top, int64_t left, int64_t height, int64_t width);

}  // namespace masktwins

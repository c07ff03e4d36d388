#pragma once

#include "tensor/tensor.h"

namespace masktwins {

// The window of height x width pixels whose first pixel is (top, left). x (N, C, H, W), or (N, H, W) for
// label and weight maps; any dtype.
Tensor crop(const Tensor& x, int64_t top, int64_t left, int64_t height, int64_t width);

}  // namespace masktwins

#pragma once

#include "tensor/tensor.h"

namespace masktwins {

// Channels first, ..., first + count - 1 of x (N, C, H, W).
Tensor slice_channels(const Tensor& x, int64_t first, int64_t count);

}  // namespace masktwins

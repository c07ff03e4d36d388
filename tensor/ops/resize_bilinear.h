#pragma once

#include "tensor/tensor.h"

namespace masktwins {

// x (N, C, H, W) -> (N, C, height, width), bilinear with align_corners = false, no antialiasing, as
// torch.nn.functional.interpolate. Enlarged tensors are not kept for backward but computed again.
Tensor resize_bilinear(const Tensor& x, int64_t height, int64_t width);

}  // namespace masktwins

#pragma once

#include "tensor/ops/pixel_groups.h"

namespace masktwins {

// Images (N, C, H, W) -> their groups of pixels as images (N · rows · columns, C, height, width), group (a,
// b) of image n at (n · rows + a) · columns + b; padding is 0.
Tensor group_pixels(const Tensor& x, const PixelGrouping& grouping);

}  // namespace masktwins

#pragma once

#include "tensor/ops/pixel_groups.h"

namespace masktwins {

// The inverse of group_pixels: groups (N · rows · columns, C, height, width) -> the images of
// image_height x image_width pixels that they came from, (N, C, image_height, image_width), without padding.
Tensor ungroup_pixels(const Tensor& x, const PixelGrouping& grouping, int64_t image_height,
                      int64_t image_width);

}  // namespace masktwins

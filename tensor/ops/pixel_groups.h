// What group_pixels and ungroup_pixels share: how images are cut, and the copies in both directions, outside
// of the graph.
#pragma once

#include "kernels/group_pixels.h"
#include "tensor/op.h"

namespace masktwins {

// Images are cut into rows x columns groups of height x width pixels: of neighbours, or interlaced, where a
// group has the pixels of every rows-th row and every columns-th column. What the groups hold more than the
// image is padding, half of it, rounded down, before the image.
struct PixelGrouping {
  int64_t rows, columns, height, width;
  bool interlaced;
};

// Error unless the groups hold images (N, C, height, width).
kernels::PixelGroups pixel_groups(const char* op, const PixelGrouping& grouping, const ImageSize& images);

Tensor grouped(const kernels::PixelGroups& groups, const Tensor& images);
Tensor ungrouped(const kernels::PixelGroups& groups, const Tensor& grouped_images);

// The images once and their groups once, in bytes.
Work grouping_work(const kernels::PixelGroups& groups, DType dtype);

// Of samples.
PixelGrouping grouping_of(const Attributes& attributes);
Attributes grouping_attributes(const PixelGrouping& grouping);

}  // namespace masktwins

// Copies of boxes between tensors, outside the graph: what concat_channels, slice_channels, crop and pad
// share.
#pragma once

#include "tensor/tensor.h"

namespace masktwins {

// to[:, to_channel + c] = from[:, from_channel + c] for c < count. (N, C, H, W) tensors of equal N, H, W.
void copy_channels(const char* op, const Tensor& from, int64_t from_channel, Tensor& to, int64_t to_channel,
                   int64_t count);

// Corner of a window of an image, in pixels.
struct Corner {
  int64_t top, left;
};

// Copies a window of height x width pixels. (N, C, H, W) or (N, H, W) tensors of equal N and C.
void copy_window(const char* op, const Tensor& from, Corner from_corner, Tensor& to, Corner to_corner,
                 int64_t height, int64_t width);

// Height and width of (N, C, H, W) or (N, H, W).
struct Extent {
  int64_t height, width;
};
Extent extent(const Tensor& x, const char* op);

// The shape of x with another height and width.
Shape with_extent(const Tensor& x, int64_t height, int64_t width);

}  // namespace masktwins

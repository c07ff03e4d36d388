// ResizeShape in 32-bit numbers, and where elements of the two images lie.
#pragma once

#include "kernels/resize_bilinear.h"

namespace masktwins::kernels::cuda {

struct ResizeSizes {
  int channels, height, width, out_height, out_width;

  explicit ResizeSizes(const ResizeShape& s)
      : channels(static_cast<int>(s.channels)),
        height(static_cast<int>(s.height)),
        width(static_cast<int>(s.width)),
        out_height(static_cast<int>(s.out_height)),
        out_width(static_cast<int>(s.out_width)) {}

  __device__ int64_t input(int n, int i, int j, int channel) const {
    return ((int64_t{n} * height + i) * width + j) * channels + channel;
  }
  __device__ int64_t output(int n, int i, int j, int channel) const {
    return ((int64_t{n} * out_height + i) * out_width + j) * channels + channel;
  }
};

}  // namespace masktwins::kernels::cuda

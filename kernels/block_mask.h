// Block masks (section 3.6, definitions 1 and 2, theorem 7): the image is cut into round(H/b) x round(W/b)
// cells, each cell draws one number u in [0, 1) from (key, image, cell), and pixels take the draw of their
// cell (nearest upsampling, src = floor(dst * cells / size); rounding is half to even as in Python).
//
// block_mask: index[n,i,j] = number of bounds that u exceeds, 0 <= index <= bounds. With bounds {r}: 1 where
// the pixel is kept, P(keep) = 1 - r, and 0 where it is hidden. With bounds {1/K, 2/K, ...}: one of K equally
// likely parts. Bytes: 1 written per pixel. Flops: none.
#pragma once

#include <cmath>
#include <cstdint>

#include "kernels/common/host_device.h"
#include "kernels/common/philox.h"

namespace masktwins::kernels {

struct BlockMaskArgs {
  int64_t batch, height, width, block;
  const double* bounds;  // ascending, at most 255
  int64_t bound_count;
  RandomKey key;
  uint64_t step;
  uint8_t* index;  // (batch, height, width)
};

// Cells along a side of `size` pixels; at least one.
inline int64_t mask_cells(int64_t size, int64_t block) {
  const double cells = std::nearbyint(static_cast<double>(size) / static_cast<double>(block));
  return cells < 1 ? 1 : static_cast<int64_t>(cells);
}

template <class Bound>
HOST_DEVICE uint8_t mask_index(const Bound* bounds, int64_t bound_count, float u) {
  uint8_t index = 0;
  for (int64_t k = 0; k < bound_count; ++k)
    index = static_cast<uint8_t>(index + (u > static_cast<float>(bounds[k])));
  return index;
}

namespace cpu {
void block_mask(const BlockMaskArgs& args);
}  // namespace cpu

namespace cuda {
void block_mask(const BlockMaskArgs& args);
}  // namespace cuda

}  // namespace masktwins::kernels

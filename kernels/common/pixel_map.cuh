// Images beside maps of one byte per pixel (masks, labels), walked by packs of the image's elements.
#pragma once

#include "kernels/common/pack.cuh"

namespace masktwins::kernels::cuda {

// The map's values at the pixels of `width` neighbouring elements of an image, from element `first` on.
template <int width, bool one_channel>
__device__ __forceinline__ Vector<uint8_t, width> pixel_values(const uint8_t* map, int64_t first,
                                                               int64_t channels) {
  if constexpr (one_channel) return load_vector<width>(map + first);
  Vector<uint8_t, width> values;
  int64_t pixel = first / channels, next_pixel = (pixel + 1) * channels;
  values.element[0] = map[pixel];
#pragma unroll
  for (int k = 1; k < width; ++k) {
    const bool same = first + k < next_pixel;
    if (!same) next_pixel += channels, ++pixel;
    values.element[k] = same ? values.element[k - 1] : map[pixel];
  }
  return values;
}

}  // namespace masktwins::kernels::cuda

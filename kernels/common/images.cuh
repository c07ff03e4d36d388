// How blocks walk images (batch, height, width, channels): a thread owns `vector` neighbouring channels of a
// pixel, threads of a block lie along rows. Positions inside an image are 32-bit numbers, because 64-bit
// divisions are slow; only offsets of elements are 64-bit.
#pragma once

#include <type_traits>

#include "kernels/common/launch.cuh"
#include "kernels/common/pack.cuh"

namespace masktwins::kernels::cuda {

struct ImageWalk {
  int rows;       // of all images
  int height;     // of one image
  int columns;    // vectors of channels in a pixel
  int row_items;  // vectors in a row
  dim3 block, grid;

  // Calls body(n, i, j, first channel) for the items of a thread.
  template <int vector, class Body>
  __device__ __forceinline__ void for_each(Body&& body) const {
    for (int row = blockIdx.y * blockDim.y + threadIdx.y; row < rows; row += gridDim.y * blockDim.y) {
      const int n = row / height, i = row - n * height;
      for (int item = blockIdx.x * blockDim.x + threadIdx.x; item < row_items;
           item += gridDim.x * blockDim.x) {
        const int j = item / columns;
        body(n, i, j, (item - j * columns) * vector);
      }
    }
  }
};

inline ImageWalk image_walk(int64_t batch, int64_t height, int64_t width, int64_t channels, int vector) {
  const int64_t row_items = width * (channels / vector);
  ImageWalk walk{static_cast<int>(batch * height),
                 static_cast<int>(height),
                 static_cast<int>(channels / vector),
                 static_cast<int>(row_items),
                 {},
                 {}};
  while (walk.block.x < threads_per_block && walk.block.x < row_items) walk.block.x *= 2;
  walk.block.y = threads_per_block / walk.block.x;
  walk.grid.x = blocks_for(row_items, walk.block.x);
  walk.grid.y = blocks_for(walk.rows, walk.block.y);
  return walk;
}

// Calls body with the channels per thread as a constant of the compiler: a pack of T where the number of
// channels and all addresses allow it, else 1.
template <class T, class Body, class... P>
void with_vector(int64_t channels, Body&& body, const P*... arrays) {
  if (channels % pack_size<T> == 0 && pack_aligned(arrays...))
    body(std::integral_constant<int, pack_size<T>>{});
  else body(std::integral_constant<int, 1>{});
}

}  // namespace masktwins::kernels::cuda

// gaussian_blur: every channel convolved with the same Gaussian in both directions, as kornia's
// GaussianBlur2d:
//   y[i,j] = sum_a sum_b w_a w_b x[i+a, j+b],  w_a ~ exp(-a^2 / (2 sigma^2)), sum_a w_a = 1,
// borders reflected without repeating the edge (... 2 1 | 0 1 2 ...). The numbers of taps are odd and may
// differ between rows and columns; half of the taps is less than the image side. Layout: (batch, height,
// width, channels). Bytes: 1 read, 1 write. Flops: 2 per tap and element, in each direction.
// CUDA: a block blurs 8 rows of 256 elements, for which it reads 8 + 2 row_radius rows and column_radius
// pixels on either side, most of them out of the cache.
#pragma once

#include <cstdint>

#include "kernels/common/float16.h"

namespace masktwins::kernels {

template <class T>
struct GaussianBlurArgs {
  int64_t batch, height, width, channels;
  int64_t row_radius, column_radius;
  const Wide<T>* row_weights;     // in host memory, 2 row_radius + 1, between rows
  const Wide<T>* column_weights;  // in host memory, 2 column_radius + 1, between columns
  const T* x;
  T* y;
};

namespace cpu {
template <class T>
void gaussian_blur(const GaussianBlurArgs<T>& args);
}  // namespace cpu

namespace cuda {
template <class T>
void gaussian_blur(const GaussianBlurArgs<T>& args);
}  // namespace cuda

}  // namespace masktwins::kernels

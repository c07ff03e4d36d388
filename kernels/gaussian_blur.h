// gaussian_blur: every channel convolved with the same Gaussian in both directions, as kornia's
// GaussianBlur2d:
//   y[i,j] = sum_a sum_b w_a w_b x[i+a, j+b],  w_a ~ exp(-a^2 / (2 sigma^2)), sum_a w_a = 1,
// borders reflected without repeating the edge (... 2 1 | 0 1 2 ...). The numbers of taps are odd and may
// differ between rows and columns; half of the taps is less than the image side. Layout: (batch, height,
// width, channels). Bytes: 1 read, 1 write. Flops: 2 per tap and element, in each direction.
#pragma once

#include <cstdint>

namespace masktwins::kernels {

template <class T>
struct GaussianBlurArgs {
  int64_t batch, height, width, channels;
  int64_t row_radius, column_radius;
  const T* row_weights;     // 2 row_radius + 1, between rows
  const T* column_weights;  // 2 column_radius + 1, between columns
  const T* x;
  T* y;
};

namespace cpu {
template <class T>
void gaussian_blur(const GaussianBlurArgs<T>& args);
}

}  // namespace masktwins::kernels

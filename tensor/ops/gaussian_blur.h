#pragma once

#include "tensor/tensor.h"

namespace masktwins {

// Blur of images (N, C, H, W), floating, with standard deviation `sigma` > 0 pixels; reflected borders,
// formula in kernels/gaussian_blur.h. The kernel has blur_kernel_size(H) x blur_kernel_size(W) taps, as DACS
// and MaskTwins choose it; taps beyond 6 sigma, below 2e-8 of the middle one, are left out. x is data, it
// gets no gradient.
Tensor gaussian_blur(const Tensor& x, double sigma);

// The odd number of taps for an image side of `size` pixels, about a tenth of it: 1024 -> 103, 512 -> 51.
int64_t blur_kernel_size(int64_t size);

}  // namespace masktwins

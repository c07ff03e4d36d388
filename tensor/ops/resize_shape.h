// What resize_bilinear and resize_nearest share: the check of their arguments, and the bytes they move.
#pragma once

#include "kernels/resize_bilinear.h"
#include "tensor/op.h"

namespace masktwins {

// Error unless x (N, C, H, W) and the new size have pixels.
inline kernels::ResizeShape resize_shape(const char* op, const Tensor& x, int64_t height, int64_t width) {
  const ImageSize size = image_size(x, op);
  require(height > 0 && width > 0 && size.height > 0 && size.width > 0, op, ": cannot resize ", x.shape(),
          " to ", height, " x ", width);
  return {size.batch, size.channels, size.height, size.width, height, width};
}

// One tensor read and one written, `flops_per_output` for each number of the resized one.
inline Work resize_work(const kernels::ResizeShape& s, DType dtype, double flops_per_output) {
  const double images = static_cast<double>(s.batch * s.channels);
  const double in = images * static_cast<double>(s.height * s.width);
  const double out = images * static_cast<double>(s.out_height * s.out_width);
  return {static_cast<double>(size_of(dtype)) * (in + out), flops_per_output * out};
}

}  // namespace masktwins

// Images (N, C, H, W) lie in memory as one row of C channels per pixel, just as tokens (N, L, C) are one row
// per token. Ops that work row by row take both, so that networks of attention and convolutions need no
// reshapes between them.
#pragma once

#include "tensor/tensor.h"

namespace masktwins {

// The dimension that is contiguous in memory: 1 of a rank-4 image, else the last.
inline int channel_axis(const Tensor& x, const char* op) {
  require(x.rank() >= 1, op, ": needs at least one dimension, got a scalar");
  return x.rank() == 4 ? 1 : x.rank() - 1;
}

struct Rows {
  int64_t rows, channels;
};

inline Rows rows_of(const Tensor& x, const char* op) {
  const int axis = channel_axis(x, op);
  Rows result{1, x.dim(axis)};
  for (int i = 0; i < x.rank(); ++i)
    if (i != axis) result.rows *= x.dim(i);
  return result;
}

// The shape of x with another number of channels.
inline Shape with_channels(const Tensor& x, int64_t channels, const char* op) {
  Shape shape = x.shape();
  shape[channel_axis(x, op)] = channels;
  return shape;
}

}  // namespace masktwins

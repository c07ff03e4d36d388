// copy_block: y[i * y_outer + j * y_inner + k] = x[i * x_outer + j * x_inner + k] for i < outer, j < inner,
// k < length, all in bytes: a box out of, or into, a larger array. Concatenating and slicing channels,
// cropping and padding images are such copies, since tensors are channels-last. Bytes: the box once read,
// once written. Flops: none. x and y must not overlap.
//
// CUDA: runs that begin or end within a sector of 32 bytes move the whole sector; crop and slice_channels
// zero the gradient around the box before they write into it, pad the result.
#pragma once

#include <cstdint>

namespace masktwins::kernels {

struct CopyBlockArgs {
  const void* x;
  void* y;
  int64_t outer, inner, length;  // the box; length in bytes
  int64_t x_outer, x_inner;      // bytes from one run to the next in x
  int64_t y_outer, y_inner;      // the same in y
};

namespace cpu {
void copy_block(const CopyBlockArgs& args);
}  // namespace cpu

namespace cuda {
void copy_block(const CopyBlockArgs& args);
}  // namespace cuda

}  // namespace masktwins::kernels

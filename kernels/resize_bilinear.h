// resize_bilinear: y[i, j] = sum of x at the four pixels around the source position (p(i), q(j)), weighted by
// nearness: p(i) = max(0, (i + 0.5) * in / out - 0.5), clamped to the last row (align_corners = false, as in
// PyTorch); the same for columns.
// backward: dx[p, q] = sum over the output pixels that read (p, q) of weight * dy, in a fixed order.
// Layout: channels-last. Bytes: x read, y written once (backward: the reverse). Flops: 6 per output element.
//
// CUDA: neighbouring outputs share inputs, which each reads for itself in both directions; between rows they
// stay in registers, between columns the cache serves them.
#pragma once

#include <cstdint>

namespace masktwins::kernels {

struct ResizeShape {
  int64_t batch, channels, height, width, out_height, out_width;
};

template <class T>
struct ResizeBilinearArgs {
  ResizeShape shape;
  const T* x;
  T* y;
};

template <class T>
struct ResizeBilinearBackwardArgs {
  ResizeShape shape;
  const T* dy;
  T* dx;
};

namespace cpu {
template <class T>
void resize_bilinear(const ResizeBilinearArgs<T>& args);
template <class T>
void resize_bilinear_backward(const ResizeBilinearBackwardArgs<T>& args);
}  // namespace cpu

namespace cuda {
template <class T>
void resize_bilinear(const ResizeBilinearArgs<T>& args);
template <class T>
void resize_bilinear_backward(const ResizeBilinearBackwardArgs<T>& args);
}  // namespace cuda

}  // namespace masktwins::kernels

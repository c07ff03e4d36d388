// resize_nearest: y[i, j] = x[floor(i * in_height / out_height), floor(j * in_width / out_width)], in
// integers. backward: dx[p, q] = sum of dy over the output pixels that read (p, q), in memory order. Layout:
// channels-last. Bytes: x read, y written once (backward: the reverse). Flops: none (backward: 1 per output
// element).
//
// CUDA: every output reads its input, several of them the same one, which the cache then serves.
#pragma once

#include "kernels/resize_bilinear.h"

namespace masktwins::kernels {

template <class T>
struct ResizeNearestArgs {
  ResizeShape shape;
  const T* x;
  T* y;
};

template <class T>
struct ResizeNearestBackwardArgs {
  ResizeShape shape;
  const T* dy;
  T* dx;
};

namespace cpu {
template <class T>
void resize_nearest(const ResizeNearestArgs<T>& args);
template <class T>
void resize_nearest_backward(const ResizeNearestBackwardArgs<T>& args);
}  // namespace cpu

namespace cuda {
template <class T>
void resize_nearest(const ResizeNearestArgs<T>& args);
template <class T>
void resize_nearest_backward(const ResizeNearestBackwardArgs<T>& args);
}  // namespace cuda

}  // namespace masktwins::kernels

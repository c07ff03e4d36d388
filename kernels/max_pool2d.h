// max_pool2d: y[n,c,i,j] = max over u, v < kernel of x[n, c, i*stride - padding + u, j*stride - padding + v];
// positions outside the image do not take part; NaN wins. tap = u*kernel + v of the maximum, the first of
// equals. backward: dx[n,c,p,q] = sum of dy over the windows whose tap points at (p, q), gathered per input
// pixel. Layout: channels-last. Output size (H + 2*padding - kernel) / stride + 1, rounded down. Bytes: 1
// read of x, 1 write of y and tap (backward: the reverse). Flops: one comparison per tap.
// On CUDA neighbouring pixels of the backward pass read tap and dy of overlapping windows (kernel > stride)
// again, from the cache; without overlap every window is read once.
#pragma once

#include <cstdint>

namespace masktwins::kernels {

struct MaxPool2dShape {
  int64_t batch, channels, height, width;
  int64_t kernel = 2, stride = 2, padding = 0;

  int64_t out_height() const { return (height + 2 * padding - kernel) / stride + 1; }
  int64_t out_width() const { return (width + 2 * padding - kernel) / stride + 1; }
};

template <class T>
struct MaxPool2dArgs {
  MaxPool2dShape shape;
  const T* x;
  T* y;
  uint8_t* tap;  // as y
};

template <class T>
struct MaxPool2dBackwardArgs {
  MaxPool2dShape shape;
  const uint8_t* tap;
  const T* dy;
  T* dx;
};

namespace cpu {
template <class T>
void max_pool2d(const MaxPool2dArgs<T>& args);
template <class T>
void max_pool2d_backward(const MaxPool2dBackwardArgs<T>& args);
}  // namespace cpu

namespace cuda {
template <class T>
void max_pool2d(const MaxPool2dArgs<T>& args);
template <class T>
void max_pool2d_backward(const MaxPool2dBackwardArgs<T>& args);
}  // namespace cuda

}  // namespace masktwins::kernels

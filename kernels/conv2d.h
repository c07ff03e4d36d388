// conv2d: y[n,o,i,j] = bias[o] + sum over c,u,v of x[n, c, i*stride - padding + u*dilation, j*stride -
// padding + v*dilation] * weight[o,c,u,v]; x is zero outside the image (cross-correlation, as in PyTorch).
//
// Layout: x (N,H,W,C), weight (O,kh,kw,C), y (N,OH,OW,O): all channels-last. Square stride, padding and
// dilation. Bytes: x, weight and y once. Flops: 2·N·OH·OW·O·C·kh·kw by the definition (3x3 kernels do four
// times fewer).
//
// backward_data is also the forward pass of conv_transpose2d, the adjoint of conv2d: it starts dx from
// `bias`.
//
// CUDA: cuDNN's channels-last calls add no bias, so a pass of its own reads and writes y again; where cuDNN
// is missing, every tile of y reads its patches and weights for itself (docs/kernels/conv.md).
#pragma once

#include <cstdint>

namespace masktwins::kernels {

struct Conv2dShape {
  int64_t batch, in_channels, height, width;
  int64_t out_channels, kernel_height, kernel_width;
  int64_t stride = 1, padding = 0, dilation = 1;

  int64_t out_height() const {
    return (height + 2 * padding - dilation * (kernel_height - 1) - 1) / stride + 1;
  }
  int64_t out_width() const { return (width + 2 * padding - dilation * (kernel_width - 1) - 1) / stride + 1; }
  int64_t taps() const { return kernel_height * kernel_width * in_channels; }  // elements of one filter
};

template <class T>
struct Conv2dArgs {
  Conv2dShape shape;
  const T* x;
  const T* weight;
  const T* bias;  // O elements, or null
  T* y;
};

template <class T>
struct Conv2dBackwardDataArgs {
  Conv2dShape shape;
  const T* dy;
  const T* weight;
  const T* bias;  // C elements that dx starts from, or null for zero
  T* dx;
};

template <class T>
struct Conv2dBackwardWeightArgs {
  Conv2dShape shape;
  const T* x;
  const T* dy;
  T* dweight;
};

namespace cpu {

// Each picks the algorithm by the shape alone, so that a repeated call repeats every bit: Winograd F(4x4,
// 3x3) for 3x3 kernels of stride 1, a plain matrix product for 1x1, else a gemm that reads the image itself.
template <class T>
void conv2d(const Conv2dArgs<T>& args);
template <class T>
void conv2d_backward_data(const Conv2dBackwardDataArgs<T>& args);
template <class T>
void conv2d_backward_weight(const Conv2dBackwardWeightArgs<T>& args);

}  // namespace cpu

namespace cuda {

// float, bfloat16 and float16; deterministic.
template <class T>
void conv2d(const Conv2dArgs<T>& args);
template <class T>
void conv2d_backward_data(const Conv2dBackwardDataArgs<T>& args);
template <class T>
void conv2d_backward_weight(const Conv2dBackwardWeightArgs<T>& args);

}  // namespace cuda
}  // namespace masktwins::kernels

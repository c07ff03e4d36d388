// depthwise_conv2d: a 3x3 convolution of every channel with a filter of its own, of stride 1 and the same
// size:
//   y[n,c,i,j] = bias[c] + sum over u,v of x[n, c, i + (u-1)·dilation, j + (v-1)·dilation] * weight[c,0,u,v],
// x being zero outside the image. backward_data is the same with the filter turned round.
//
// Layout: x, y (N,H,W,C), weight (C,3,3), bias (C). Bytes: x and y once (the weights are small).
// Flops: 18·N·H·W·C.
//
// CUDA: the three columns of a filter read x three times, as far as the cache does not serve them; rows stay
// in registers. Parameters are read once per strip of 16 rows.
#pragma once

#include <cstdint>

namespace masktwins::kernels {

struct DepthwiseShape {
  int64_t batch, channels, height, width;
  int64_t dilation = 1;
};

template <class T>
struct DepthwiseArgs {
  DepthwiseShape shape;
  const T* x;
  const T* weight;
  const T* bias;  // (C), or null
  T* y;
};

template <class T>
struct DepthwiseBackwardDataArgs {
  DepthwiseShape shape;
  const T* dy;
  const T* weight;
  T* dx;
};

template <class T>
struct DepthwiseBackwardWeightArgs {
  DepthwiseShape shape;
  const T* x;
  const T* dy;
  T* dweight;
  T* dbias;  // (C), or null
};

namespace cpu {
template <class T>
void depthwise_conv2d(const DepthwiseArgs<T>& args);
template <class T>
void depthwise_conv2d_backward_data(const DepthwiseBackwardDataArgs<T>& args);
template <class T>
void depthwise_conv2d_backward_weight(const DepthwiseBackwardWeightArgs<T>& args);
}  // namespace cpu

namespace cuda {
template <class T>
void depthwise_conv2d(const DepthwiseArgs<T>& args);
template <class T>
void depthwise_conv2d_backward_data(const DepthwiseBackwardDataArgs<T>& args);
template <class T>
void depthwise_conv2d_backward_weight(const DepthwiseBackwardWeightArgs<T>& args);
}  // namespace cuda

}  // namespace masktwins::kernels

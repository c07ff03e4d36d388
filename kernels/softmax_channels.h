// softmax_channels: y_k = exp(x_k - max x) / sum_j exp(x_j - max x) over the channels of every pixel.
// backward: dx_k = y_k · (dy_k - sum_j y_j dy_j).
// Layout: (pixels, channels). Bytes: 1 read, 1 write (backward: 2 reads, 1 write). Flops: 4 per element.
#pragma once

#include <cstdint>

namespace masktwins::kernels {

template <class T>
struct SoftmaxArgs {
  int64_t pixels, channels;
  const T* x;
  T* y;
};

template <class T>
struct SoftmaxBackwardArgs {
  int64_t pixels, channels;
  const T* y;
  const T* dy;
  T* dx;
};

namespace cpu {
template <class T>
void softmax_channels(const SoftmaxArgs<T>& args);
template <class T>
void softmax_channels_backward(const SoftmaxBackwardArgs<T>& args);
}  // namespace cpu

namespace cuda {
template <class T>
void softmax_channels(const SoftmaxArgs<T>& args);
template <class T>
void softmax_channels_backward(const SoftmaxBackwardArgs<T>& args);
}  // namespace cuda

}  // namespace masktwins::kernels

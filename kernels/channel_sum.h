// channel_sum: sum[c] = sum over rows of x[row, c]; the gradient of a bias that was added to every pixel.
// x is (rows, channels), rows = N·H·W in channels-last memory. Bytes: x once. Flops: 1 per element.
#pragma once

#include <cstdint>

namespace masktwins::kernels {

template <class T>
struct ChannelSumArgs {
  int64_t rows, channels;
  const T* x;
  T* sum;  // `channels` elements
};

namespace cpu {
template <class T>
void channel_sum(const ChannelSumArgs<T>& args);
}  // namespace cpu

namespace cuda {
template <class T>
void channel_sum(const ChannelSumArgs<T>& args);
}  // namespace cuda

}  // namespace masktwins::kernels

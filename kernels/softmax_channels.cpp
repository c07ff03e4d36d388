#include "kernels/softmax_channels.h"

#include <algorithm>
#include <cmath>

#include "kernels/common/parallel.h"

namespace masktwins::kernels::cpu {
namespace {

constexpr int64_t grain = 1 << 12;

}  // namespace

template <class T>
void softmax_channels(const SoftmaxArgs<T>& args) {
  parallel_for(args.pixels, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const T* x = args.x + i * args.channels;
      T* y = args.y + i * args.channels;
      const T largest = *std::max_element(x, x + args.channels);
      T total{};
      for (int64_t c = 0; c < args.channels; ++c) total += y[c] = std::exp(x[c] - largest);
      for (int64_t c = 0; c < args.channels; ++c) y[c] /= total;
    }
  });
}

template <class T>
void softmax_channels_backward(const SoftmaxBackwardArgs<T>& args) {
  parallel_for(args.pixels, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const T* y = args.y + i * args.channels;
      const T* dy = args.dy + i * args.channels;
      T dot{};
      for (int64_t c = 0; c < args.channels; ++c) dot += y[c] * dy[c];
      for (int64_t c = 0; c < args.channels; ++c) args.dx[i * args.channels + c] = y[c] * (dy[c] - dot);
    }
  });
}

template void softmax_channels(const SoftmaxArgs<float>&);
template void softmax_channels(const SoftmaxArgs<double>&);
template void softmax_channels_backward(const SoftmaxBackwardArgs<float>&);
template void softmax_channels_backward(const SoftmaxBackwardArgs<double>&);

}  // namespace masktwins::kernels::cpu

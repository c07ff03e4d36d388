#include "kernels/softmax_channels.h"

#include "kernels/common/parallel.h"
#include "kernels/common/pixel_block.h"

namespace masktwins::kernels::cpu {
namespace {

constexpr int64_t grain = 1 << 12;

}  // namespace

template <class T>
void softmax_channels(const SoftmaxArgs<T>& args) {
  constexpr int64_t width = PixelBlock<T>::width;
  parallel_for(args.pixels, grain, [&](int64_t begin, int64_t end) {
    PixelBlock<T> block(args.channels);
    alignas(64) T largest[width], total[width];
    for_each_pixel_block<T>(begin, end, [&](int64_t first, int64_t pixels) {
      block.load(args.x + first * args.channels, pixels);
      block.subtract_largest(largest);
      block.exponentiate(total);
      for (T& value : total) value = 1 / value;
      block.multiply(total);
      block.store(args.y + first * args.channels, pixels);
    });
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

#include "kernels/common/pixels.cuh"
#include "kernels/softmax_channels.h"

namespace masktwins::kernels::cuda {
namespace {

struct Softmax {
  template <class T>
  __device__ void operator()(int64_t, const PixelRow<T>& row) const {
    const float largest = row.largest();
    float sum = 0;
    row.for_each([&](int c) { sum += expf(row.value(c) - largest); });
    const float scale = 1 / sum;
    row.for_each([&](int c) { row.set(c, expf(row.value(c) - largest) * scale); });
  }
};

struct SoftmaxBackward {
  template <class T>
  __device__ void operator()(int64_t, const PixelRow<T>& y, const PixelRow<T>& dy) const {
    float dot = 0;
    y.for_each([&](int c) { dot += y.value(c) * dy.value(c); });
    y.for_each([&](int c) { y.set(c, y.value(c) * (dy.value(c) - dot)); });
  }
};

}  // namespace

template <class T>
void softmax_channels(const SoftmaxArgs<T>& args) {
  for_each_pixel("softmax_channels", Softmax{}, args.pixels, args.channels, args.y, args.x);
}

template <class T>
void softmax_channels_backward(const SoftmaxBackwardArgs<T>& args) {
  for_each_pixel("softmax_channels_backward", SoftmaxBackward{}, args.pixels, args.channels, args.dx, args.y,
                 args.dy);
}

template void softmax_channels(const SoftmaxArgs<float>&);
template void softmax_channels(const SoftmaxArgs<bfloat16>&);
template void softmax_channels(const SoftmaxArgs<float16>&);
template void softmax_channels_backward(const SoftmaxBackwardArgs<float>&);
template void softmax_channels_backward(const SoftmaxBackwardArgs<bfloat16>&);
template void softmax_channels_backward(const SoftmaxBackwardArgs<float16>&);

}  // namespace masktwins::kernels::cuda

#include <cmath>

#include "kernels/common/pixels.cuh"
#include "kernels/cross_entropy.h"

namespace masktwins::kernels::cuda {
namespace {

// Nobody has looked at labels on the device before: one that is no class makes the loss NaN.
struct Target {
  const uint8_t* label;
  const float* weight;

  __device__ float weight_of(int64_t pixel, int classes) const {
    const int k = label[pixel];
    if (k == ignored_label) return 0;
    if (k >= classes) return NAN;
    return weight ? weight[pixel] : 1;
  }
};

struct CrossEntropy {
  Target target;

  template <class T>
  __device__ float operator()(int64_t pixel, const PixelRow<T>& z) const {
    const int label = target.label[pixel];
    if (label == ignored_label) return 0;
    const float largest = z.largest();
    float sum = 0, own = 0;
    z.for_each([&](int k) {
      const float above = z.value(k) - largest;
      sum += expf(above);
      if (k == label) own = above;
    });
    return target.weight_of(pixel, z.channels) * (logf(sum) - own);
  }
};

struct CrossEntropyBackward {
  Target target;
  const float* dloss;
  float factor;

  template <class T>
  __device__ void operator()(int64_t pixel, const PixelRow<T>& z) const {
    const int label = target.label[pixel];
    const float slope =
        label == ignored_label ? 0 : target.weight_of(pixel, z.channels) * factor * __ldg(dloss);
    const float largest = z.largest();
    float sum = 0;
    z.for_each([&](int k) { sum += expf(z.value(k) - largest); });
    const float share = slope / sum;
    z.for_each([&](int k) { z.set(k, share * expf(z.value(k) - largest) - (k == label ? slope : 0)); });
  }
};

}  // namespace

template <class T>
void cross_entropy(const CrossEntropyArgs<T>& args) {
  sum_pixels("cross_entropy", CrossEntropy{{args.label, args.weight}}, args.pixels, args.classes,
             mean_factor(args.pixels), args.loss, args.logits);
}

template <class T>
void cross_entropy_backward(const CrossEntropyBackwardArgs<T>& args) {
  const float factor = static_cast<float>(mean_factor(args.pixels));
  for_each_pixel("cross_entropy_backward",
                 CrossEntropyBackward{{args.label, args.weight}, args.dloss, factor}, args.pixels,
                 args.classes, args.dlogits, args.logits);
}

template void cross_entropy(const CrossEntropyArgs<float>&);
template void cross_entropy(const CrossEntropyArgs<bfloat16>&);
template void cross_entropy(const CrossEntropyArgs<float16>&);
template void cross_entropy_backward(const CrossEntropyBackwardArgs<float>&);
template void cross_entropy_backward(const CrossEntropyBackwardArgs<bfloat16>&);
template void cross_entropy_backward(const CrossEntropyBackwardArgs<float16>&);

}  // namespace masktwins::kernels::cuda

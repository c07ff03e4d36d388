#include "kernels/common/pixels.cuh"
#include "kernels/entropy.h"

namespace masktwins::kernels::cuda {
namespace {

struct PixelEntropy {
  float largest, sum, log_sum, entropy;

  template <class T>
  __device__ explicit PixelEntropy(const PixelRow<T>& z) : largest(z.largest()), sum(0) {
    float weighted = 0;
    z.for_each([&](int k) {
      const float above = z.value(k) - largest, e = expf(above);
      sum += e;
      weighted += e * above;
    });
    log_sum = logf(sum);
    entropy = log_sum - weighted / sum;
  }
};

struct Entropy {
  template <class T>
  __device__ float operator()(int64_t, const PixelRow<T>& z) const {
    return PixelEntropy(z).entropy;
  }
};

struct EntropyBackward {
  const float* dloss;
  float factor;

  template <class T>
  __device__ void operator()(int64_t, const PixelRow<T>& z) const {
    const PixelEntropy pixel(z);
    const float slope = -factor * __ldg(dloss) / pixel.sum;
    z.for_each([&](int k) {
      const float above = z.value(k) - pixel.largest;
      z.set(k, slope * expf(above) * (above - pixel.log_sum + pixel.entropy));
    });
  }
};

}  // namespace

template <class T>
void entropy(const EntropyArgs<T>& args) {
  sum_pixels("entropy", Entropy{}, args.pixels, args.classes, mean_factor(args.pixels), args.loss,
             args.logits);
}

template <class T>
void entropy_backward(const EntropyBackwardArgs<T>& args) {
  const EntropyBackward body{args.dloss, static_cast<float>(mean_factor(args.pixels))};
  for_each_pixel("entropy_backward", body, args.pixels, args.classes, args.dlogits, args.logits);
}

template void entropy(const EntropyArgs<float>&);
template void entropy(const EntropyArgs<bfloat16>&);
template void entropy(const EntropyArgs<float16>&);
template void entropy_backward(const EntropyBackwardArgs<float>&);
template void entropy_backward(const EntropyBackwardArgs<bfloat16>&);
template void entropy_backward(const EntropyBackwardArgs<float16>&);

}  // namespace masktwins::kernels::cuda

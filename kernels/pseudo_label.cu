#include "kernels/common/pixels.cuh"
#include "kernels/pseudo_label.h"

namespace masktwins::kernels::cuda {
namespace {

struct MostProbable {
  double foreground_threshold;
  uint8_t* label;
  float* probability;

  template <class T>
  __device__ void operator()(int64_t pixel, const PixelRow<T>& z) const {
    int best = z.first;
    float largest = z.value(best);
    z.for_each([&](int k) {
      const float value = z.value(k);
      if (value > largest || (value == largest && k < best)) largest = value, best = k;
    });
    float sum = 0;
    z.for_each([&](int k) { sum += expf(z.value(k) - largest); });
    label[pixel] = static_cast<double>(1 / sum) >= foreground_threshold ? static_cast<uint8_t>(best) : 0;
    probability[pixel] = 1 / sum;
  }
};

}  // namespace

template <class T>
void pseudo_label(const PseudoLabelArgs<T>& args) {
  for_each_pixel("pseudo_label", MostProbable{args.foreground_threshold, args.label, args.probability},
                 args.pixels, args.classes, static_cast<T*>(nullptr), args.logits);
}

template void pseudo_label(const PseudoLabelArgs<float>&);
template void pseudo_label(const PseudoLabelArgs<bfloat16>&);
template void pseudo_label(const PseudoLabelArgs<float16>&);

}  // namespace masktwins::kernels::cuda

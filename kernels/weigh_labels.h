// weigh_labels: how much each pseudo-label counts in the losses (section 3.3).
//   shares = {share of pixels with probability >= sure, share of pixels with label 0, label 1, ..., label K -
//   1} weight = probability < least ? 0 : by_quality ? shares[0] : 1
// Layout: flat, one label and one probability per pixel. Bytes: label and probability once, and the
// probability again for the weight, which is written once. Flops: 2 comparisons per pixel.
#pragma once

#include <cstdint>

namespace masktwins::kernels {

template <class T>
struct WeighLabelsArgs {
  int64_t pixels, classes;
  double sure, least;
  bool by_quality;
  const uint8_t* label;
  const T* probability;
  T* shares;  // (1 + classes)
  T* weight;
};

namespace cpu {
template <class T>
void weigh_labels(const WeighLabelsArgs<T>& args);
}  // namespace cpu
namespace cuda {
void weigh_labels(const WeighLabelsArgs<float>& args);
}  // namespace cuda

}  // namespace masktwins::kernels

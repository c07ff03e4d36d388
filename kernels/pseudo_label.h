// pseudo_label: for every pixel the most probable class of softmax(logits) and its probability (section 3.3):
// label = argmax_k z_k (the first of equals), probability = 1 / sum_k exp(z_k - z_label);
// label = 0 where probability < foreground_threshold.
// Layout: logits (pixels, classes). Bytes: logits once, 1 + sizeof(Wide<T>) per pixel written. Flops: 3 per
// logit.
#pragma once

#include <cstdint>

#include "kernels/common/float16.h"

namespace masktwins::kernels {

template <class T>
struct PseudoLabelArgs {
  int64_t pixels, classes;
  double foreground_threshold;
  const T* logits;
  uint8_t* label;
  Wide<T>* probability;
};

namespace cpu {
template <class T>
void pseudo_label(const PseudoLabelArgs<T>& args);
}  // namespace cpu

namespace cuda {
template <class T>
void pseudo_label(const PseudoLabelArgs<T>& args);
}  // namespace cuda

}  // namespace masktwins::kernels

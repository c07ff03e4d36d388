// class_mix: pixels of the chosen classes come from the source, all others from the target (Olsson et al.,
// WACV 2021, as used by DACS, section 3.4). With s = source label of the pixel and target image n mod
// target_batch:
//   chosen[n, s] = 1:  image = source image,  label = s,             weight = 1
//   chosen[n, s] = 0:  image = target image,  label = target label,  weight = target weight
// Layout: images (batch, pixels, channels), labels and weights (batch, pixels). Bytes: one image, both labels
// and the weights read, one of each written. Flops: none.
//
// CUDA: every block reads which classes are chosen; labels are read once per vector of channels, and where
// the two images alternate, sectors of both are read for parts of them.
#pragma once

#include <cstdint>

#include "kernels/common/float16.h"

namespace masktwins::kernels {

template <class T>
struct ClassMixArgs {
  int64_t batch, target_batch, pixels, channels;  // pixels of one image
  const T* source_image;
  const uint8_t* source_label;
  const T* target_image;
  const uint8_t* target_label;
  const Wide<T>* target_weight;
  const uint8_t* chosen;  // (batch, 256)
  T* image;
  uint8_t* label;
  Wide<T>* weight;
};

namespace cpu {
template <class T>
void class_mix(const ClassMixArgs<T>& args);
}  // namespace cpu

namespace cuda {
template <class T>
void class_mix(const ClassMixArgs<T>& args);
}  // namespace cuda

}  // namespace masktwins::kernels

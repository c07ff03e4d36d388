// cross_entropy: loss = sum over pixels of w · (log sum_k exp(z_k) - z_label) / pixels, the segmentation loss
// of sections 2.3 and 3.8: pixels labelled 255 add nothing but are counted in the denominator; w is a weight
// per pixel, or 1. backward: dz_k = dloss · w / pixels · (softmax(z)_k - [k = label]).
//
// Layout: logits (pixels, classes). Forward and backward read the logits once each and keep no softmax
// between them: with few classes the exponentials are cheaper than a second tensor, and writing dlogits in
// the forward pass would cost a pass more, since dloss is not known yet. Bytes: forward logits, labels and
// weights once; backward the same plus dlogits. Flops: 4 per logit each.
#pragma once

#include <cstdint>

#include "kernels/common/float16.h"

namespace masktwins::kernels {

constexpr uint8_t ignored_label = 255;

template <class T>
struct CrossEntropyArgs {
  int64_t pixels, classes;
  const T* logits;
  const uint8_t* label;   // (pixels), below `classes` or 255
  const Wide<T>* weight;  // (pixels), or null for 1
  Wide<T>* loss;          // one element
};

template <class T>
struct CrossEntropyBackwardArgs {
  int64_t pixels, classes;
  const T* logits;
  const uint8_t* label;
  const Wide<T>* weight;
  const Wide<T>* dloss;  // one element
  T* dlogits;
};

namespace cpu {
template <class T>
void cross_entropy(const CrossEntropyArgs<T>& args);
template <class T>
void cross_entropy_backward(const CrossEntropyBackwardArgs<T>& args);
}  // namespace cpu

namespace cuda {
template <class T>
void cross_entropy(const CrossEntropyArgs<T>& args);
template <class T>
void cross_entropy_backward(const CrossEntropyBackwardArgs<T>& args);
}  // namespace cuda

}  // namespace masktwins::kernels

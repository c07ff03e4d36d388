// l2_distance: loss = sum over pixels of w · ‖a - b‖₂ over channels / sum of w; without weights w = 1, and it
// is the consistency of equation (16)-(17) of the paper; with the mask of class_cells it is DAFormer's
// feature distance (section 3.2). 0 if the weights sum to 0. backward: da = dloss · w / sum of w · (a - b) /
// ‖a - b‖, db = -da; the subgradient 0 is taken at distance 0. Layout: (pixels, channels), weights (pixels).
// Bytes: 2 reads (backward: 2 reads, 1 write per gradient). Flops: 3 per element.
#pragma once

#include <cstdint>

#include "kernels/common/float16.h"

namespace masktwins::kernels {

template <class T>
struct L2DistanceArgs {
  int64_t pixels, channels;
  const T* a;
  const T* b;
  const Wide<T>* weight;  // not negative, or null for 1
  Wide<T>* loss;          // one element
};

template <class T>
struct L2DistanceBackwardArgs {
  int64_t pixels, channels;
  const T* a;
  const T* b;
  const Wide<T>* weight;
  const Wide<T>* dloss;  // one element
  Wide<T> sign;          // 1 for the gradient of a, -1 for that of b
  T* gradient;
};

namespace cpu {
template <class T>
void l2_distance(const L2DistanceArgs<T>& args);
template <class T>
void l2_distance_backward(const L2DistanceBackwardArgs<T>& args);
}  // namespace cpu

namespace cuda {
template <class T>
void l2_distance(const L2DistanceArgs<T>& args);
template <class T>
void l2_distance_backward(const L2DistanceBackwardArgs<T>& args);
}  // namespace cuda

}  // namespace masktwins::kernels

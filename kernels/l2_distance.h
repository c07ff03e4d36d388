// l2_distance: loss = mean over pixels of ‖a - b‖₂ over channels, the consistency of equation (16)-(17) of
// the paper. backward: da = dloss / pixels · (a - b) / ‖a - b‖, db = -da; the subgradient 0 is taken at
// distance 0. Layout: (pixels, channels). Bytes: 2 reads (backward: 2 reads, 1 write per gradient). Flops: 3
// per element.
#pragma once

#include <cstdint>

namespace masktwins::kernels {

template <class T>
struct L2DistanceArgs {
  int64_t pixels, channels;
  const T* a;
  const T* b;
  T* loss;  // one element
};

template <class T>
struct L2DistanceBackwardArgs {
  int64_t pixels, channels;
  const T* a;
  const T* b;
  const T* dloss;  // one element
  T sign;          // 1 for the gradient of a, -1 for that of b
  T* gradient;
};

namespace cpu {
template <class T>
void l2_distance(const L2DistanceArgs<T>& args);
template <class T>
void l2_distance_backward(const L2DistanceBackwardArgs<T>& args);
}  // namespace cpu

}  // namespace masktwins::kernels

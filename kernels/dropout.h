// dropout: sets whole groups of elements to zero, each with probability p, and multiplies the others by
// 1 / (1 - p). A group is either one channel of one sample (Tompson et al. 2015, "spatial dropout") or a
// whole sample (Huang et al. 2016, "stochastic depth"). Group g lives when uniform01 of word 0 of philox(key,
// step, g) is at least p; g = n * C + c, or g = n. backward is the same on dy.
//
// Layout: (samples, rows, channels) in memory order. Bytes: 1 read, 1 write. Flops: 1 per element.
#pragma once

#include <cstdint>

#include "kernels/common/philox.h"

namespace masktwins::kernels {

template <class T>
struct DropoutArgs {
  int64_t samples, rows, channels;
  const T* x;
  T* y;
  double probability;  // p, in [0, 1)
  bool whole_samples;
  RandomKey key;
  uint64_t step;
};

namespace cpu {
template <class T>
void dropout(const DropoutArgs<T>& args);
}  // namespace cpu

namespace cuda {
template <class T>
void dropout(const DropoutArgs<T>& args);
}  // namespace cuda

}  // namespace masktwins::kernels

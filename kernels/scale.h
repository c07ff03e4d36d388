// scale: y = factor * x + offset element by element.
// backward: dx = factor * dy, which is the same kernel with offset 0.
// Any shape; memory order is irrelevant. Bytes: 1 read, 1 write. Flops: 2 per element.
#pragma once

#include <cstdint>

#include "kernels/common/float16.h"

namespace masktwins::kernels {

template <class T>
struct ScaleArgs {
  const T* x;
  T* y;
  int64_t count;
  Wide<T> factor;
  Wide<T> offset;
};

namespace cpu {
template <class T>
void scale(const ScaleArgs<T>& args);
}  // namespace cpu

namespace cuda {
template <class T>
void scale(const ScaleArgs<T>& args);
}  // namespace cuda

}  // namespace masktwins::kernels

// scale: y = factor * x + offset element by element.
// backward: dx = factor * dy, which is the same kernel with offset 0.
// Any shape; memory order is irrelevant. Bytes: 1 read, 1 write. Flops: 2 per element.
#pragma once

#include <cstdint>

namespace masktwins::kernels {

template <class T>
struct ScaleArgs {
  const T* x;
  T* y;
  int64_t count;
  T factor;
  T offset;
};

namespace cpu {
template <class T>
void scale(const ScaleArgs<T>& args);
}  // namespace cpu

}  // namespace masktwins::kernels

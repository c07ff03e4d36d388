// mul: y = a * b element by element.
// backward: da = dy * b and db = dy * a, which is the same kernel.
// Any shape; memory order is irrelevant. Bytes: 2 reads, 1 write. Flops: 1 per element.
#pragma once

#include <cstdint>

namespace masktwins::kernels {

template <class T>
struct MulArgs {
  const T* a;
  const T* b;
  T* y;
  int64_t count;
};

namespace cpu {
template <class T>
void mul(const MulArgs<T>& args);
}  // namespace cpu

namespace cuda {
template <class T>
void mul(const MulArgs<T>& args);
}  // namespace cuda

}  // namespace masktwins::kernels

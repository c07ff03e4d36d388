// add: y = a + b element by element.
// backward: both inputs receive dy itself, so there is no kernel for it.
// Any shape; memory order is irrelevant. Bytes: 2 reads, 1 write. Flops: 1 per element.
#pragma once

#include <cstdint>

namespace masktwins::kernels {

template <class T>
struct AddArgs {
  const T* a;
  const T* b;
  T* y;
  int64_t count;
};

namespace cpu {
template <class T>
void add(const AddArgs<T>& args);
}  // namespace cpu

namespace cuda {
template <class T>
void add(const AddArgs<T>& args);
}  // namespace cuda

}  // namespace masktwins::kernels

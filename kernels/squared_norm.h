// squared_norm: sum of x², added in double over fixed chunks; the gradient norm of clipping.
// Bytes: 1 read. Flops: 2 per element.
#pragma once

#include <cstdint>

namespace masktwins::kernels {

template <class T>
struct SquaredNormArgs {
  const T* x;
  int64_t count;
};

namespace cpu {
template <class T>
double squared_norm(const SquaredNormArgs<T>& args);
}

}  // namespace masktwins::kernels

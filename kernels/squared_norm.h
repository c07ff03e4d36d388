// squared_norm: *result = sum of x², added in double in a fixed order; the gradient norm of clipping.
// Bytes: 1 read. Flops: 2 per element.
#pragma once

#include <cstdint>

namespace masktwins::kernels {

template <class T>
struct SquaredNormArgs {
  const T* x;
  int64_t count;
  T* result;
};

namespace cpu {
template <class T>
void squared_norm(const SquaredNormArgs<T>& args);
}  // namespace cpu
namespace cuda {
void squared_norm(const SquaredNormArgs<float>& args);
}  // namespace cuda

}  // namespace masktwins::kernels

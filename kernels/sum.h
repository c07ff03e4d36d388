// sum: y = factor * sum of all x, added in double precision; factor 1 / count makes it the mean.
// backward: dx[i] = factor * dy for every i.
// Any shape; memory order is irrelevant. Bytes: 1 read (backward: 1 write). Flops: 1 per element.
#pragma once

#include <cstdint>

#include "kernels/common/float16.h"

namespace masktwins::kernels {

template <class T>
struct SumArgs {
  const T* x;
  Wide<T>* y;  // one element
  int64_t count;
  double factor;
};

template <class T>
struct SumBackwardArgs {
  const Wide<T>* dy;  // one element
  T* dx;
  int64_t count;
  double factor;
};

namespace cpu {
template <class T>
void sum(const SumArgs<T>& args);
template <class T>
void sum_backward(const SumBackwardArgs<T>& args);
}  // namespace cpu

namespace cuda {
template <class T>
void sum(const SumArgs<T>& args);
template <class T>
void sum_backward(const SumBackwardArgs<T>& args);
}  // namespace cuda

}  // namespace masktwins::kernels

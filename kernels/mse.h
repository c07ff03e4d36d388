// mse: loss = mean of (a - b)² over all elements; backward da = 2 · dloss · (a - b) / n, db = -da
// (section 3.8, L_cm). Any shape. Bytes: 2 reads (backward: 2 reads, 1 write per gradient). Flops: 3 per
// element.
#pragma once

#include <cstdint>

#include "kernels/common/float16.h"

namespace masktwins::kernels {

template <class T>
struct MseArgs {
  int64_t count;
  const T* a;
  const T* b;
  Wide<T>* loss;  // one element
};

template <class T>
struct MseBackwardArgs {
  int64_t count;
  const T* a;
  const T* b;
  const Wide<T>* dloss;  // one element
  Wide<T> sign;          // 1 for the gradient of a, -1 for that of b
  T* gradient;
};

namespace cpu {
template <class T>
void mse(const MseArgs<T>& args);
template <class T>
void mse_backward(const MseBackwardArgs<T>& args);
}  // namespace cpu

namespace cuda {
template <class T>
void mse(const MseArgs<T>& args);
template <class T>
void mse_backward(const MseBackwardArgs<T>& args);
}  // namespace cuda

}  // namespace masktwins::kernels

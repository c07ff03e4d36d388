// relu: y = max(x, 0) element by element; NaN stays NaN.
// backward: dx = dy where y > 0, else 0.
// Any shape; memory order is irrelevant. Bytes: 1 read, 1 write (backward: 2 reads, 1 write). Flops: 1 per
// element.
#pragma once

#include <cstdint>

namespace masktwins::kernels {

template <class T>
struct ReluArgs {
  const T* x;
  T* y;
  int64_t count;
};

template <class T>
struct ReluBackwardArgs {
  const T* y;  // result of the forward pass
  const T* dy;
  T* dx;
  int64_t count;
};

namespace cpu {
template <class T>
void relu(const ReluArgs<T>& args);
template <class T>
void relu_backward(const ReluBackwardArgs<T>& args);
}  // namespace cpu

namespace cuda {
template <class T>
void relu(const ReluArgs<T>& args);
template <class T>
void relu_backward(const ReluBackwardArgs<T>& args);
}  // namespace cuda

}  // namespace masktwins::kernels

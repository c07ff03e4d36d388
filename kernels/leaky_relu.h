// leaky_relu: y = x where x > 0, else slope * x, element by element; 0 < slope <= 1.
// backward: dx = dy where y > 0, else slope * dy (y and x have the same sign).
// Any shape; memory order is irrelevant. Bytes: 1 read, 1 write (backward: 2 reads, 1 write). Flops: 1 per
// element.
#pragma once

#include <cstdint>

namespace masktwins::kernels {

template <class T>
struct LeakyReluArgs {
  const T* x;
  T* y;
  int64_t count;
  double slope;
};

template <class T>
struct LeakyReluBackwardArgs {
  const T* y;
  const T* dy;
  T* dx;
  int64_t count;
  double slope;
};

namespace cpu {
template <class T>
void leaky_relu(const LeakyReluArgs<T>& args);
template <class T>
void leaky_relu_backward(const LeakyReluBackwardArgs<T>& args);
}  // namespace cpu

namespace cuda {
template <class T>
void leaky_relu(const LeakyReluArgs<T>& args);
template <class T>
void leaky_relu_backward(const LeakyReluBackwardArgs<T>& args);
}  // namespace cuda

}  // namespace masktwins::kernels

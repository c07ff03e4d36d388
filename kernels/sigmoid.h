// sigmoid: y = 1 / (1 + exp(-x)) element by element. backward: dx = dy · y · (1 - y).
// Any shape; memory order is irrelevant. Bytes: 1 read, 1 write (backward: 2 reads, 1 write). Flops: about 20
// per element.
#pragma once

#include <cstdint>

#include "kernels/common/exp_log.h"
#include "kernels/common/host_device.h"

namespace masktwins::kernels {

// With e = exp(-|x|), which cannot overflow: 1 / (1 + e) for x >= 0, else e / (1 + e).
template <class T>
HOST_DEVICE T logistic(T x) {
  const T e = exp_nonpositive(x < T{0} ? x : -x);
  return (x < T{0} ? e : T{1}) / (T{1} + e);
}

template <class T>
struct SigmoidArgs {
  const T* x;
  T* y;
  int64_t count;
};

template <class T>
struct SigmoidBackwardArgs {
  const T* y;  // result of the forward pass
  const T* dy;
  T* dx;
  int64_t count;
};

namespace cpu {
template <class T>
void sigmoid(const SigmoidArgs<T>& args);
template <class T>
void sigmoid_backward(const SigmoidBackwardArgs<T>& args);
}  // namespace cpu

namespace cuda {
template <class T>
void sigmoid(const SigmoidArgs<T>& args);
template <class T>
void sigmoid_backward(const SigmoidBackwardArgs<T>& args);
}  // namespace cuda

}  // namespace masktwins::kernels

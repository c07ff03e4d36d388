// sgd_step: one update of stochastic gradient descent with momentum, in place, as torch.optim.SGD:
//   g += weight_decay * p;  momentum > 0:  m = momentum * m + g (first update: m = g), g = m;  p -= lr * g
// Bytes: p and m read and written, g read: 20 per float32 parameter. Flops: 6 per parameter.
#pragma once

#include <cstdint>

#include "kernels/common/host_device.h"

namespace masktwins::kernels {

struct SgdOptions {
  double lr = 1e-2, momentum = 0, weight_decay = 0;
};

template <class T>
struct SgdStepArgs {
  SgdOptions options;
  int64_t count;
  const T* gradient;
  T* parameter;
  T* momentum;  // starts at zero, so that the first update sets m = g
};

template <class T>
HOST_DEVICE void sgd_element(T lr, T momentum, T weight_decay, T gradient, T& p, T& m) {
  m = momentum * m + (gradient + weight_decay * p);
  p -= lr * m;
}

namespace cpu {
template <class T>
void sgd_step(const SgdStepArgs<T>& args);
}

}  // namespace masktwins::kernels

// sgd_step: one update of stochastic gradient descent with momentum, in place, as torch.optim.SGD:
//   g += weight_decay * p;  momentum > 0:  m = momentum * m + g (first update: m = g), g = m;  p -= lr * g
// With `control` g is multiplied by control[0] first, and nothing changes if control[1] != 0
// (kernels/gradient_control.h).
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
  const T* control = nullptr;
};

template <class T>
HOST_DEVICE void sgd_element(T lr, T momentum, T weight_decay, T gradient, T& p, T& m) {
  m = momentum * m + (gradient + weight_decay * p);
  p -= lr * m;
}

namespace cpu {
template <class T>
void sgd_step(const SgdStepArgs<T>& args);
}  // namespace cpu
namespace cuda {
void sgd_step(const SgdStepArgs<float>& args);
}  // namespace cuda

}  // namespace masktwins::kernels

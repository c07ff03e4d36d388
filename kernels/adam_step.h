// adam_step: one update of Adam (Kingma and Ba 2015) or AdamW (Loshchilov and Hutter 2019), in place, with
// PyTorch's order of operations. g is the gradient, t = 1, 2, ... the number of the update, which only the
// device knows: control[2] = 1 / (1 - beta1^t) and control[3] = 1 / sqrt(1 - beta2^t) come from it.
//   coupled decay:    g += weight_decay * p          decoupled: p *= 1 - lr * weight_decay
//   m = beta1 * m + (1 - beta1) * g,  v = beta2 * v + (1 - beta2) * g²
//   p -= lr / (1 - beta1^t) * m / (sqrt(v / (1 - beta2^t)) + eps)
// g is multiplied by control[0] first, and nothing changes if control[1] != 0
// (kernels/gradient_control.h).
// Bytes: p, m, v read and written, g read: 28 per float32 parameter. Flops: about 12 per parameter.
#pragma once

#include <cmath>
#include <cstdint>

#include "kernels/common/host_device.h"

namespace masktwins::kernels {

struct AdamOptions {
  double lr = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0;
  bool decoupled = false;
};

template <class T>
struct AdamStepArgs {
  AdamOptions options;
  int64_t count;
  const T* gradient;
  T* parameter;
  T* first_moment;
  T* second_moment;
  const T* control;  // 4 numbers
};

// The constants of one update, each rounded once: 1 - beta2 computed in float32 would be 1e-5 off.
template <class T>
struct AdamCoefficients {
  T first_share, beta2, second_share, eps, step_size, second_scale, shrink, coupled_decay;

  explicit AdamCoefficients(const AdamOptions& o)
      : first_share(static_cast<T>(1 - o.beta1)),
        beta2(static_cast<T>(o.beta2)),
        second_share(static_cast<T>(1 - o.beta2)),
        eps(static_cast<T>(o.eps)),
        step_size(static_cast<T>(o.lr)),
        second_scale(1),
        shrink(static_cast<T>(o.decoupled ? 1 - o.lr * o.weight_decay : 1)),
        coupled_decay(static_cast<T>(o.decoupled ? 0 : o.weight_decay)) {}

  // For the update that `control` describes.
  HOST_DEVICE void correct(const T* control) {
    step_size *= control[2];
    second_scale = control[3];
  }
};

template <class T>
HOST_DEVICE void adam_element(const AdamCoefficients<T>& c, T gradient, T& p, T& m, T& v) {
  p *= c.shrink;
  const T g = gradient + c.coupled_decay * p;
  m += c.first_share * (g - m);
  v = c.beta2 * v + c.second_share * g * g;
  p -= c.step_size * m / (std::sqrt(v) * c.second_scale + c.eps);
}

namespace cpu {
template <class T>
void adam_step(const AdamStepArgs<T>& args);
}  // namespace cpu
namespace cuda {
void adam_step(const AdamStepArgs<float>& args);
}  // namespace cuda

}  // namespace masktwins::kernels

// gelu: y = x Φ(x), Φ the distribution function of the standard normal (Hendrycks and Gimpel 2016), in the
// exact form, not the tanh approximation.
// backward: dx = dy (Φ(x) + x φ(x)), φ its density; from x alone.
// Any shape; memory order is irrelevant. Bytes: 1 read, 1 write (backward: 2 reads, 1 write). Flops: about 30
// per element.
#pragma once

#include <cmath>
#include <cstdint>

#include "kernels/common/exp_log.h"
#include "kernels/common/host_device.h"

namespace masktwins::kernels {

// Φ(x) and φ(x).
template <class T>
struct StandardNormal {
  T distribution, density;
};

// The upper tail is Φ(-z) = exp(-z²/2) Q(t) with t = 1 / (1 + 0.3 z), z >= 0 (the form of Hastings 1955); the
// polynomial Q was fitted to 1.2e-7 of the tail for z <= 13, beyond which the tail is 0 in float.
HOST_DEVICE StandardNormal<float> standard_normal(float x) {
  const float z = x < 0 ? -x : x;
  const float bell = exp_nonpositive(-0.5f * z * z);
  const float t = 1.0f / (1.0f + 0.3f * z);
  float q = 0.0361950175f;
  q = q * t - 0.159378955f;
  q = q * t + 0.210119449f;
  q = q * t - 0.0571683132f;
  q = q * t + 0.130416910f;
  q = q * t + 0.0993469944f;
  q = q * t + 0.120845550f;
  q = q * t + 0.119623261f;
  const float tail = bell * q * t;
  return {x < 0 ? tail : 1.0f - tail, 0.398942280f * bell};
}
HOST_DEVICE StandardNormal<double> standard_normal(double x) {
  return {0.5 * std::erfc(-x * 0.70710678118654752), 0.39894228040143268 * std::exp(-0.5 * x * x)};
}

template <class T>
struct GeluArgs {
  const T* x;
  T* y;
  int64_t count;
};

template <class T>
struct GeluBackwardArgs {
  const T* x;
  const T* dy;
  T* dx;
  int64_t count;
};

namespace cpu {
template <class T>
void gelu(const GeluArgs<T>& args);
template <class T>
void gelu_backward(const GeluBackwardArgs<T>& args);
}  // namespace cpu

namespace cuda {
template <class T>
void gelu(const GeluArgs<T>& args);
template <class T>
void gelu_backward(const GeluBackwardArgs<T>& args);
}  // namespace cuda

}  // namespace masktwins::kernels

// exp and log in plain arithmetic, so that compilers turn loops over them into vector code; libm's functions
// are called one by one. Accurate to 2 (log: 3) units in the last place. double goes to libm: it serves as
// reference.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

#include "kernels/common/host_device.h"

namespace masktwins::kernels {

// exp(x) for x <= 0, the case of a softmax after its largest input was subtracted; 0 below -87.3 (no
// denormals). x = n ln 2 + r with |r| <= ln 2 / 2, exp(r) by its Taylor series: r^8 / 8! < 6e-9.
HOST_DEVICE float exp_nonpositive(float x) {
  constexpr float shift = 0x1.8p23f;  // adding it leaves the nearest integer in the low bits
  const float shifted = x * 1.44269504f + shift;
  const float n = shifted - shift;
  const float r = (x - n * 0x1.62e4p-1f) - n * 0x1.7f7d1cp-20f;  // ln 2 in two parts, the first times n exact
  float series = 1.0f / 5040;
  series = series * r + 1.0f / 720;
  series = series * r + 1.0f / 120;
  series = series * r + 1.0f / 24;
  series = series * r + 1.0f / 6;
  series = series * r + 0.5f;
  series = series * r + 1.0f;
  series = series * r + 1.0f;
  const uint32_t exponent = std::bit_cast<uint32_t>(shifted) << 23;
  const float result = std::bit_cast<float>(std::bit_cast<uint32_t>(series) + exponent);
  return x < -87.3f ? 0.0f : x != x ? x : result;
}
HOST_DEVICE double exp_nonpositive(double x) { return std::exp(x); }

// log(x) for 1 <= x < infinity, the case of a softmax's denominator. x = m 2^e with m in [1/sqrt 2, sqrt 2),
// log m = 2 atanh t, t = (m - 1) / (m + 1), |t| < 0.172, by its series: 2 t^11 / 11 < 1e-9.
HOST_DEVICE float log_at_least_one(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  const uint32_t sqrt_half = 0x3f3504f3;
  const int32_t e = static_cast<int32_t>(bits - sqrt_half) >> 23;
  const float m = std::bit_cast<float>(bits - (static_cast<uint32_t>(e) << 23));
  const float t = (m - 1) / (m + 1), square = t * t;
  float series = 2.0f / 9;
  series = series * square + 2.0f / 7;
  series = series * square + 2.0f / 5;
  series = series * square + 2.0f / 3;
  series = series * square + 2.0f;
  const float result = static_cast<float>(e) * 0.693147182f + series * t;
  return x != x ? x : result;
}
HOST_DEVICE double log_at_least_one(double x) { return std::log(x); }

}  // namespace masktwins::kernels

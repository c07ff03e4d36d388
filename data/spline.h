// Uniform cubic B-spline: the smooth curve through which grids of random numbers become fields.
#pragma once

#include <array>

namespace masktwins::data {

// Weights of the four nodes around a place, `t` in [0, 1) from the second node to the third.
inline std::array<double, 4> spline_weights(double t) {
  const double s = 1 - t;
  return {s * s * s / 6, (3 * t * t * t - 6 * t * t + 4) / 6, (3 * s * s * s - 6 * s * s + 4) / 6,
          t * t * t / 6};
}

}  // namespace masktwins::data

// Comparisons that a NaN cannot pass: a NaN makes `!(difference <= tolerance)` true.
#pragma once

#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include "tensor/tensor.h"

namespace masktwins::tests {

// Largest |a - b| / (1 + |b|) over all elements; infinity if any difference is NaN.
inline double largest_error(const Tensor& a, const Tensor& b) {
  const Tensor left = a.to(Device::cpu).to(DType::float64), right = b.to(Device::cpu).to(DType::float64);
  double worst = 0;
  for (int64_t i = 0; i < left.numel(); ++i) {
    const double expected = right.data<double>()[i];
    const double error = std::abs(left.data<double>()[i] - expected) / (1 + std::abs(expected));
    if (!(error <= worst)) worst = std::isnan(error) ? INFINITY : error;
  }
  return worst;
}

inline void check_close(const Tensor& actual, const Tensor& expected, double tolerance,
                        const std::string& what) {
  INFO(what);
  REQUIRE(actual.shape() == expected.shape());
  CHECK(largest_error(actual, expected) <= tolerance);
}

}  // namespace masktwins::tests

// Division by a number that is known when a kernel is launched, as a multiplication: GPUs have no instruction
// that divides integers. n / d = floor(n * m / 2^p) with p = 31 + ceil(log2 d), m = ceil(2^p / d), exact for
// 0 <= n < 2^31 (Granlund and Montgomery, "Division by Invariant Integers using Multiplication", PLDI 1994).
#pragma once

#include <bit>
#include <cstdint>

#include "kernels/common/host_device.h"

namespace masktwins::kernels {

class FastDivisor {
 public:
  FastDivisor() = default;
  explicit FastDivisor(int divisor) : divisor_(divisor) {
    if (divisor <= 1) return;
    const int log = 32 - std::countl_zero(static_cast<uint32_t>(divisor - 1));
    const uint64_t power = uint64_t{1} << (31 + log);
    multiplier_ =
        static_cast<uint32_t>((power + static_cast<uint64_t>(divisor) - 1) / static_cast<uint64_t>(divisor));
    shift_ = log - 1;
  }

  HOST_DEVICE int quotient(int n) const {
    if (divisor_ == 1) return n;
    const uint64_t product = uint64_t{static_cast<uint32_t>(n)} * multiplier_;
    return static_cast<int>(static_cast<uint32_t>(product >> 32) >> shift_);
  }
  HOST_DEVICE int remainder(int n, int quotient) const { return n - quotient * divisor_; }

 private:
  int divisor_ = 1;
  uint32_t multiplier_ = 0;
  int shift_ = 0;
};

}  // namespace masktwins::kernels

// A sequence of random numbers for one sample of one training step: a pure function of (seed, site, step,
// sample), whatever thread draws it.
#pragma once

#include <cmath>
#include <numbers>

#include "kernels/common/philox.h"

namespace masktwins::data {

class Draws {
 public:
  Draws(kernels::RandomKey key, uint64_t step, uint32_t sample)
      : key_(key), step_(step), index_(uint64_t{sample} << 32) {}

  // Uniform in [0, 1).
  double uniform() { return kernels::uniform01(word()); }
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  // Uniform in {0, ..., count - 1}.
  int64_t below(int64_t count) {
    return static_cast<int64_t>((uint64_t{word()} * static_cast<uint64_t>(count)) >> 32);
  }
  bool chance(double probability) { return uniform() < probability; }
  // Standard normal (Box and Muller, 1958).
  double normal() {
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
  }

 private:
  uint32_t word() {
    if (used_ == 4) {
      words_ = kernels::philox(key_, step_, index_++);
      used_ = 0;
    }
    return words_.word[used_++];
  }

  kernels::RandomKey key_;
  uint64_t step_;
  uint64_t index_;  // the upper half is the sample, the lower half counts
  kernels::RandomWords words_{};
  int used_ = 4;
};

}  // namespace masktwins::data

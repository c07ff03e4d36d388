// Learning rate over a run.
#pragma once

#include <cstdint>
#include <string>

namespace masktwins::optim {

struct Schedule {
  std::string name = "poly";  // or constant
  double base = 1e-4;
  int64_t iterations = 1;
  double power = 1;  // poly: base * (1 - t / iterations)^power
  int64_t warmup =
      0;  // for t < warmup also times 1 - (1 - t / warmup) * (1 - 1e-6), as mmcv's linear warm-up

  double at(int64_t t) const;
};

}  // namespace masktwins::optim

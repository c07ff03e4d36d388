#include "optim/schedule.h"

#include <algorithm>
#include <cmath>

namespace masktwins::optim {

double Schedule::at(int64_t t) const {
  double lr = base;
  if (name == "poly") {
    const double left = 1 - static_cast<double>(t) / static_cast<double>(std::max<int64_t>(iterations, 1));
    lr *= std::pow(std::max(left, 0.0), power);
  }
  if (t < warmup) lr *= 1 - (1 - static_cast<double>(t) / static_cast<double>(warmup)) * (1 - 1e-6);
  return lr;
}

}  // namespace masktwins::optim

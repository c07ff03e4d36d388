// What lies beyond the border of an image.
#pragma once

#include <algorithm>
#include <cstdint>

namespace masktwins::data {

enum class Border {
  mirror,  // the image's mirror image, the border pixel not repeated (reflect-101)
  zero,    // what the network sees as 0: the mean of the normalisation
};

// The index in [0, size) that stands for any i: ... 2 1 | 0 1 2 ... n-1 | n-2 n-3 ...
inline int64_t mirrored(int64_t i, int64_t size) {
  if (i >= 0 && i < size) return i;
  if (size == 1) return 0;
  const int64_t period = 2 * (size - 1);
  const int64_t inside = ((i % period) + period) % period;
  return std::min(inside, period - inside);
}

}  // namespace masktwins::data

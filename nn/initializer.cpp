#include "nn/initializer.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "kernels/common/parallel.h"

namespace masktwins::nn {

Tensor Initializer::uniform(const Shape& shape, double bound) {
  const kernels::RandomKey key{seed_, next_site_++};
  Tensor values = Tensor::empty(shape);
  float* data = values.data<float>();
  for (int64_t i = 0; i < values.numel(); ++i) {
    const double unit = kernels::uniform01(kernels::philox(key, 0, static_cast<uint64_t>(i)).word[0]);
    data[i] = static_cast<float>((2 * unit - 1) * bound);
  }
  return values;
}

// Two uniform numbers give two normal ones (Box and Muller 1958), so one draw of four words gives four.
Tensor Initializer::normal(const Shape& shape, double deviation) {
  const kernels::RandomKey key{seed_, next_site_++};
  Tensor values = Tensor::empty(shape);
  float* data = values.data<float>();
  const int64_t count = values.numel();
  kernels::parallel_for(kernels::ceil_div(count, 4), 1 << 12, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const kernels::RandomWords words = kernels::philox(key, 0, static_cast<uint64_t>(i));
      float four[4];
      for (int k = 0; k < 4; k += 2) {
        const float radius = std::sqrt(-2 * std::log(1 - kernels::uniform01(words.word[k])));
        const float angle = 2 * std::numbers::pi_v<float> * kernels::uniform01(words.word[k + 1]);
        four[k] = static_cast<float>(deviation) * radius * std::cos(angle);
        four[k + 1] = static_cast<float>(deviation) * radius * std::sin(angle);
      }
      std::copy_n(four, std::min<int64_t>(4, count - 4 * i), data + 4 * i);
    }
  });
  return values;
}

}  // namespace masktwins::nn

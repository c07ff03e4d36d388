#include "nn/initializer.h"

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

}  // namespace masktwins::nn

// First values of parameters: PyTorch's distributions, drawn with our own numbers.
#pragma once

#include "kernels/common/philox.h"
#include "tensor/tensor.h"

namespace masktwins::nn {

class Initializer {
 public:
  explicit Initializer(uint32_t seed) : seed_(seed) {}

  // Uniform in [-bound, bound). Each call draws from its own site.
  Tensor uniform(const Shape& shape, double bound);
  // Normal with mean 0. Each call draws from its own site.
  Tensor normal(const Shape& shape, double deviation);

 private:
  uint32_t seed_;
  uint32_t next_site_ = 0;
};

}  // namespace masktwins::nn

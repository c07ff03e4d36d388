#pragma once

#include "tensor/tensor.h"

namespace masktwins {

// x where x > 0, else slope * x, element by element. Floating tensors of any shape; 0 < slope <= 1.
Tensor leaky_relu(const Tensor& x, double slope);

}  // namespace masktwins

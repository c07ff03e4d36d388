#pragma once

#include "tensor/tensor.h"

namespace masktwins {

// factor * x + offset element by element. Floating tensors of any shape.
Tensor scale(const Tensor& x, double factor, double offset = 0);

}  // namespace masktwins

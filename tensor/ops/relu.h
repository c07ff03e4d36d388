#pragma once

#include "tensor/tensor.h"

namespace masktwins {

// max(x, 0) element by element. Floating tensors of any shape.
Tensor relu(const Tensor& x);

}  // namespace masktwins

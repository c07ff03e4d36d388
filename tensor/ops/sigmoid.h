#pragma once

#include "tensor/tensor.h"

namespace masktwins {

// 1 / (1 + exp(-x)) element by element.
Tensor sigmoid(const Tensor& x);

}  // namespace masktwins

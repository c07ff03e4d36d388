#pragma once

#include "tensor/tensor.h"

namespace masktwins {

// a * b element by element. Floating tensors of the same shape and dtype.
Tensor mul(const Tensor& a, const Tensor& b);

}  // namespace masktwins

#pragma once

#include "tensor/tensor.h"

namespace masktwins {

// Sum of x², added in double in a fixed order.
double squared_norm(const Tensor& x);

}  // namespace masktwins

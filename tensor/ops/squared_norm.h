#pragma once

#include "tensor/tensor.h"

namespace masktwins {

// Sum of x², a scalar of x's dtype, added in a fixed order.
Tensor squared_norm(const Tensor& x);

}  // namespace masktwins

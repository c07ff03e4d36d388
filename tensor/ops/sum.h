#pragma once

#include "tensor/tensor.h"

namespace masktwins {

// Sum of all elements as a scalar (rank 0). Floating tensors of any shape; 0 for an empty one.
Tensor sum(const Tensor& x);

// The same times `factor`, under the name of the op that asks for it.
Tensor scaled_sum(const char* op, const Tensor& x, double factor);

}  // namespace masktwins

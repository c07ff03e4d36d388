#pragma once

#include "tensor/tensor.h"

namespace masktwins {

// Mean of all elements as a scalar (rank 0). Floating tensors with at least one element.
Tensor mean(const Tensor& x);

}  // namespace masktwins

#pragma once

#include "tensor/tensor.h"

namespace masktwins {

// y = x in another floating dtype, rounded to nearest; x itself if it has that dtype. The gradient is
// converted back.
Tensor cast(const Tensor& x, DType dtype);

// The same where the conversion has been made before: a tensor in the graph with the values of `copy`.
Tensor cast_to(const Tensor& x, const Tensor& copy);

}  // namespace masktwins

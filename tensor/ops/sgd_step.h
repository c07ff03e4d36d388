#pragma once

#include "kernels/sgd_step.h"
#include "tensor/tensor.h"

namespace masktwins {

// One update of stochastic gradient descent, in place; all tensors have one shape. `momentum` starts at zero.
void sgd_step(Tensor parameter, const Tensor& gradient, Tensor momentum, const kernels::SgdOptions& options);

}  // namespace masktwins

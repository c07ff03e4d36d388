#pragma once

#include "kernels/sgd_step.h"
#include "tensor/tensor.h"

namespace masktwins {

// One update of stochastic gradient descent, in place; all tensors have one shape. `momentum` starts at zero.
// `control` is what gradient_control decided, or undefined.
void sgd_step(Tensor parameter, const Tensor& gradient, Tensor momentum, const kernels::SgdOptions& options,
              const Tensor& control = {});

}  // namespace masktwins

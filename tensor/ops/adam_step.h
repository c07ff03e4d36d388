#pragma once

#include "kernels/adam_step.h"
#include "tensor/tensor.h"

namespace masktwins {

// One update of Adam or AdamW, in place; all four tensors have one shape. `control` is what gradient_control
// decided, 4 numbers of their dtype. See kernels/adam_step.h.
void adam_step(Tensor parameter, const Tensor& gradient, Tensor first_moment, Tensor second_moment,
               const kernels::AdamOptions& options, const Tensor& control);

}  // namespace masktwins

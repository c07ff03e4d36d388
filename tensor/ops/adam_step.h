#pragma once

#include "kernels/adam_step.h"
#include "tensor/tensor.h"

namespace masktwins {

// Update number t (from 1) of Adam or AdamW, in place; all four tensors have one shape.
// `control` is what gradient_control decided, or undefined. See kernels/adam_step.h.
void adam_step(Tensor parameter, const Tensor& gradient, Tensor first_moment, Tensor second_moment,
               const kernels::AdamOptions& options, int64_t t, const Tensor& control = {});

}  // namespace masktwins

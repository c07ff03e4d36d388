#pragma once

#include "kernels/adam_step.h"
#include "tensor/tensor.h"

namespace masktwins {

// Update number t (from 1) of Adam or AdamW, in place; all four tensors have one shape. See
// kernels/adam_step.h.
void adam_step(Tensor parameter, const Tensor& gradient, Tensor first_moment, Tensor second_moment,
               const kernels::AdamOptions& options, int64_t t);

}  // namespace masktwins

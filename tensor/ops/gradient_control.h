#pragma once

#include "tensor/tensor.h"

namespace masktwins {

struct GradientControlOptions {
  double limit = 0;                // of the gradients' norm; 0: none
  int64_t growth_interval = 2000;  // good updates after which the loss scale doubles
  double beta1 = 0, beta2 = 0;     // of Adam
};

// What the optimiser does with this step's gradients: {factor, 1 to leave the parameters as they are,
// corrections of Adam's two moments}, of `dtype`. `squared_norm` (scalar, or undefined) is that of the scaled
// gradients; `failure` int32 {2} and `scale` {factor of the losses, good updates since it changed} (or
// undefined) and `updates` (int32 {1}, how many were made) are read and updated in place. See
// kernels/gradient_control.h.
Tensor gradient_control(const Tensor& squared_norm, Tensor failure, Tensor scale, Tensor updates, DType dtype,
                        int64_t step, const GradientControlOptions& options);

}  // namespace masktwins

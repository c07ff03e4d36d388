#pragma once

#include "tensor/ops/normalize.h"

namespace masktwins {

// Each channel of each sample with mean 0 and variance 1 (Ulyanov et al. 2016), no running statistics.
// x (N, C, H, W); weight and bias (C) or undefined for 1 and 0.
Tensor instance_norm(const Tensor& x, const Tensor& weight = {}, const Tensor& bias = {},
                     const NormOptions& options = {});

}  // namespace masktwins

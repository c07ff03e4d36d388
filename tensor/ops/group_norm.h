#pragma once

#include "tensor/ops/normalize.h"

namespace masktwins {

// Each group of channels / groups consecutive channels of each sample with mean 0 and variance 1 (Wu and He
// 2018). x (N, C, H, W), groups divides C; weight and bias (C) or undefined for 1 and 0.
Tensor group_norm(const Tensor& x, int64_t groups, const Tensor& weight = {}, const Tensor& bias = {},
                  const NormOptions& options = {});

}  // namespace masktwins

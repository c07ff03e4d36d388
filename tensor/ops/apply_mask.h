#pragma once

#include <vector>

#include "tensor/tensor.h"

namespace masktwins {

// The views of x (N, C, H, W) that a mask index (uint8 (N, H, W)) shows: view k holds x where index = first +
// k and 0 elsewhere. x is data, it gets no gradient.
std::vector<Tensor> apply_mask(const Tensor& x, const Tensor& index, int64_t views, int64_t first = 0);

}  // namespace masktwins

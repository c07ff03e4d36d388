#pragma once

#include <vector>

#include "tensor/tensor.h"

namespace masktwins {

// The channels of all parts one after the other. Parts (N, C_i, H, W) of equal N, H, W and dtype; the result
// (N, sum of C_i, H, W) is not kept for backward but put together again.
Tensor concat_channels(const std::vector<Tensor>& parts);

}  // namespace masktwins

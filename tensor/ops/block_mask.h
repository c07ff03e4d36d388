#pragma once

#include <vector>

#include "kernels/common/philox.h"
#include "tensor/tensor.h"

namespace masktwins {

// uint8 (batch, height, width): for every block x block cell the number of `bounds` (ascending, in [0, 1])
// that a uniform draw of (key, step) exceeds; see kernels/block_mask.h.
Tensor block_mask(int64_t batch, int64_t height, int64_t width, int64_t block,
                  const std::vector<double>& bounds, kernels::RandomKey key, uint64_t step,
                  Device device = Device::cpu);

}  // namespace masktwins

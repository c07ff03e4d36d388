#pragma once

#include "kernels/common/philox.h"
#include "tensor/tensor.h"

namespace masktwins {

// Which label values each of the N source images gives away: uint8 (N, 256), 1 = chosen. From the n values
// (255 included) that occur anywhere in the batch of labels (uint8, N first), ceil(n / 2) are drawn without
// replacement for every image, see kernels/choose_classes.h.
Tensor choose_classes(const Tensor& labels, kernels::RandomKey key, uint64_t step);

}  // namespace masktwins

#pragma once

#include "tensor/tensor.h"

namespace masktwins {

// sums[slot] += loss (a scalar); failure, int32 {2}, becomes {slot + 1, step} if this is the first loss that
// is not finite. Nothing is read back. See kernels/record_loss.h.
void record_loss(const Tensor& loss, Tensor sums, Tensor failure, int64_t slot, int64_t step);

}  // namespace masktwins

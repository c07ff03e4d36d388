#pragma once

#include "tensor/tensor.h"

namespace masktwins {

// Sum over everything but the channels: (N, C, H, W) -> (C). Used for bias gradients; has no gradient itself.
Tensor channel_sum(const Tensor& x);

}  // namespace masktwins

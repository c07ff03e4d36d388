#pragma once

#include "tensor/tensor.h"

namespace masktwins {

// Softmax over the channels of every pixel: logits (N, K, H, W) -> probabilities of the same shape.
Tensor softmax_channels(const Tensor& x);

}  // namespace masktwins

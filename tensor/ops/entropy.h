#pragma once

#include "tensor/tensor.h"

namespace masktwins {

// Mean over pixels of the entropy of softmax(logits) over channels, in nats, a scalar (MinEnt, Vu et al.
// 2019). logits (N, K, H, W) with at least one pixel and one class.
Tensor entropy(const Tensor& logits);

}  // namespace masktwins

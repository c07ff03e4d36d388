#pragma once

#include "tensor/tensor.h"

namespace masktwins {

// Softmax attention, head by head: softmax(scale · Q K^T) V, as
// torch.nn.functional.scaled_dot_product_attention. q is an image (N, C, H, W) or tokens (N, L, C), kv the
// like with 2C channels: the keys of all heads, then the values of all heads; it may have another size. The
// result has the shape of q. The scores of all queries with all keys are never stored, backward included.
Tensor attention(const Tensor& q, const Tensor& kv, int64_t heads, double scale);

}  // namespace masktwins

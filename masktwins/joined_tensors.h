// Tensors cut and joined the way code bases differ in storing the same weights.
#pragma once

#include <utility>

#include "tensor/tensor.h"

namespace masktwins {

// The rows of both, one after the other: (R, ...) and (S, ...) -> (R + S, ...). Rank 1 or 2.
Tensor join_rows(const Tensor& first, const Tensor& second);
// The first and the second half of the rows.
std::pair<Tensor, Tensor> halve_rows(const Tensor& joined);

// The inputs of a convolution (O, I, kh, kw) are `parts` groups of the same size; reverses the order of the
// groups.
Tensor reverse_inputs(const Tensor& weight, int64_t parts);

}  // namespace masktwins

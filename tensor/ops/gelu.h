#pragma once

#include "tensor/tensor.h"

namespace masktwins {

// x Φ(x) element by element, as torch.nn.functional.gelu. The result is not kept for backward but computed
// again from x.
Tensor gelu(const Tensor& x);

}  // namespace masktwins

#pragma once

#include "tensor/tensor.h"

namespace masktwins {

// Cells of factor x factor pixels in which one of the wanted classes covers at least `share` of the pixels,
// formula in kernels/class_cells.h. labels uint8 (N, H, W), wanted uint8 (256); gives `dtype` (N, H / factor,
// W / factor), 1 or 0.
Tensor class_cells(const Tensor& labels, const Tensor& wanted, int64_t factor, double share,
                   DType dtype = DType::float32);

}  // namespace masktwins

// The three convolution kernels on tensors, shared by conv2d and its adjoint conv_transpose2d.
#pragma once

#include "kernels/conv2d.h"
#include "tensor/profiler.h"
#include "tensor/tensor.h"

namespace masktwins {

// Least work of any of the three kernels.
Work conv2d_work(const kernels::Conv2dShape& shape, DType dtype);

// y (N, O, OH, OW) from x (N, C, H, W).
Tensor call_conv2d(const kernels::Conv2dShape& shape, const Tensor& x, const Tensor& weight,
                   const Tensor& bias);
// dx (N, C, H, W) from dy (N, O, OH, OW), starting from bias (C) if defined.
Tensor call_conv2d_backward_data(const kernels::Conv2dShape& shape, const Tensor& dy, const Tensor& weight,
                                 const Tensor& bias);
// dweight (O, C, kh, kw).
Tensor call_conv2d_backward_weight(const kernels::Conv2dShape& shape, const Tensor& x, const Tensor& dy);

}  // namespace masktwins

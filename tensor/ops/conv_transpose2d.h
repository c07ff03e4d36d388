#pragma once

#include "tensor/ops/conv2d.h"

namespace masktwins {

// The adjoint of conv2d, as torch.nn.functional.conv_transpose2d. x (N, C, H, W), weight (C, O, kh, kw), bias
// (O) or undefined; result (N, O, OH, OW) with OH = (H - 1)·stride - 2·padding + dilation·(kh - 1) + 1.
Tensor conv_transpose2d(const Tensor& x, const Tensor& weight, const Tensor& bias,
                        const Conv2dOptions& options = {});

}  // namespace masktwins

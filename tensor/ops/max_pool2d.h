#pragma once

#include "tensor/tensor.h"

namespace masktwins {

struct MaxPool2dOptions {
  int64_t kernel = 2, stride = 2, padding = 0;
};

// Largest value of each kernel x kernel window, as torch.nn.functional.max_pool2d. x (N, C, H, W); output
// height (H + 2·padding - kernel) / stride + 1, rounded down. Padding is at most half the kernel, the kernel
// at most 15.
Tensor max_pool2d(const Tensor& x, const MaxPool2dOptions& options = {});

}  // namespace masktwins

// The versions of the course on products (docs/kernels/gemm.md, docs/kernels/conv.md), from the naive one to
// the one that is used where cuBLASLt or cuDNN are not: 1 to 3 for float, 4 for 16 bits. Version 3 takes
// 16-bit elements, too, for devices before compute capability 8.0.
#pragma once

#include "kernels/conv2d.h"
#include "kernels/matmul.h"

namespace masktwins::kernels::cuda {

template <int version, class T>
void matmul_version(const MatmulArgs<T>& args);
template <int version, class T>
void conv2d_version(const Conv2dArgs<T>& args);
template <int version, class T>
void conv2d_backward_data_version(const Conv2dBackwardDataArgs<T>& args);
template <int version, class T>
void conv2d_backward_weight_version(const Conv2dBackwardWeightArgs<T>& args);

}  // namespace masktwins::kernels::cuda

// Convolution of any kernel, stride, padding and dilation as blocked im2col and gemm: the patches of a block
// of output pixels are copied side by side into a matrix that stays in the cache, and multiplied by the
// filters.
#pragma once

#include "kernels/conv2d.h"

namespace masktwins::kernels::cpu {

template <class T>
void conv2d_direct(const Conv2dArgs<T>& args);
template <class T>
void conv2d_backward_data_direct(const Conv2dBackwardDataArgs<T>& args);
template <class T>
void conv2d_backward_weight_direct(const Conv2dBackwardWeightArgs<T>& args);

}  // namespace masktwins::kernels::cpu

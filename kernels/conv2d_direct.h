// Convolution of any kernel, stride, padding and dilation as a gemm that reads the image itself: a filter
// touches runs of elements that lie side by side, which are the segments of gemm's sum. Only padded images
// are copied, a band of rows at a time, to write their border of zeros out.
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

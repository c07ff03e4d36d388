// Convolutions by cuDNN, behind the contract of kernels/conv2d.h: channels-last, deterministic algorithms
// only, float without TF32, 16-bit types summed in float. Working memory comes from the engine's allocator.
//
// Each returns false, and does nothing, for a shape that none of these algorithms takes. No dimension may be
// 0.
#pragma once

#include <cstddef>

#include "kernels/conv2d.h"

namespace masktwins::kernels::cuda {

template <class T>
bool cudnn_conv2d(const Conv2dArgs<T>& args);
template <class T>
bool cudnn_conv2d_backward_data(const Conv2dBackwardDataArgs<T>& args);
template <class T>
bool cudnn_conv2d_backward_weight(const Conv2dBackwardWeightArgs<T>& args);

// Shapes that cuDNN was asked about, with the algorithm chosen for each; bounded.
std::size_t cudnn_plan_count();
constexpr std::size_t most_cudnn_plans = 256;

}  // namespace masktwins::kernels::cuda

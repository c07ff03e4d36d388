// Winograd convolution F(4x4, 3x3): Lavin and Gray, "Fast algorithms for convolutional neural networks", CVPR
// 2016.
//
// The image is cut into overlapping 6x6 tiles that yield 4x4 results each. With d a tile and g a filter,
//   y = A^T [ (G g G^T) * (B^T d B) ] A,    * element by element, summed over input channels,
// so each of the 36 positions of a tile is one gemm over channels: 36 multiplications instead of 144 per
// filter and tile. The filter gradient runs the same diagram backwards: dg = G^T [ sum over tiles (B^T d B) *
// (A dy A^T) ] G.
#pragma once

#include "kernels/conv2d.h"

namespace masktwins::kernels::cpu {

// 3x3, stride 1, dilation 1, padding at most 2.
template <class T>
void conv2d_winograd(const Conv2dArgs<T>& args);
template <class T>
void conv2d_backward_data_winograd(const Conv2dBackwardDataArgs<T>& args);
template <class T>
void conv2d_backward_weight_winograd(const Conv2dBackwardWeightArgs<T>& args);

}  // namespace masktwins::kernels::cpu

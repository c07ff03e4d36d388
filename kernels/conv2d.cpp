#include "kernels/conv2d.h"

#include <algorithm>

#include "kernels/common/parallel.h"
#include "kernels/conv2d_direct.h"
#include "kernels/conv2d_winograd.h"

namespace masktwins::kernels::cpu {
namespace {

// Winograd pays off once its transforms are small beside the multiplications they save: not below 8 channels
// to sum over, and not below 16 tiles, where the transformed filters (four times the filters) are read for
// too little work.
bool prefers_winograd(const Conv2dShape& shape, int64_t summed_channels) {
  const int64_t tiles = shape.batch * ceil_div(shape.out_height(), 4) * ceil_div(shape.out_width(), 4);
  return shape.kernel_height == 3 && shape.kernel_width == 3 && shape.stride == 1 && shape.dilation == 1 &&
         shape.padding <= 2 && summed_channels >= 8 && tiles >= 16;
}

}  // namespace

template <class T>
void conv2d(const Conv2dArgs<T>& args) {
  prefers_winograd(args.shape, args.shape.in_channels) ? conv2d_winograd(args) : conv2d_direct(args);
}

template <class T>
void conv2d_backward_data(const Conv2dBackwardDataArgs<T>& args) {
  prefers_winograd(args.shape, args.shape.out_channels) ? conv2d_backward_data_winograd(args)
                                                        : conv2d_backward_data_direct(args);
}

template <class T>
void conv2d_backward_weight(const Conv2dBackwardWeightArgs<T>& args) {
  const int64_t fewest = std::min(args.shape.in_channels, args.shape.out_channels);
  prefers_winograd(args.shape, fewest) ? conv2d_backward_weight_winograd(args)
                                       : conv2d_backward_weight_direct(args);
}

template void conv2d(const Conv2dArgs<float>&);
template void conv2d(const Conv2dArgs<double>&);
template void conv2d_backward_data(const Conv2dBackwardDataArgs<float>&);
template void conv2d_backward_data(const Conv2dBackwardDataArgs<double>&);
template void conv2d_backward_weight(const Conv2dBackwardWeightArgs<float>&);
template void conv2d_backward_weight(const Conv2dBackwardWeightArgs<double>&);

}  // namespace masktwins::kernels::cpu

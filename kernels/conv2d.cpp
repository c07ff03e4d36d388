#include "kernels/conv2d.h"

#include "kernels/common/parallel.h"
#include "kernels/conv2d_direct.h"
#include "kernels/conv2d_winograd.h"

namespace masktwins::kernels::cpu {
namespace {

// Winograd pays off once its transforms are small beside the multiplications they save: not below 8 channels,
// and not below 16 tiles, where the transformed filters (four times the filters) are read for too little
// work.
bool prefers_winograd(const Conv2dShape& shape) {
  const int64_t tiles = shape.batch * ceil_div(shape.out_height(), 4) * ceil_div(shape.out_width(), 4);
  return shape.kernel_height == 3 && shape.kernel_width == 3 && shape.stride == 1 && shape.dilation == 1 &&
         shape.padding <= 2 && shape.in_channels >= 8 && shape.out_channels >= 8 && tiles >= 16;
}

}  // namespace

template <class T>
void conv2d(const Conv2dArgs<T>& args) {
  prefers_winograd(args.shape) ? conv2d_winograd(args) : conv2d_direct(args);
}

template <class T>
void conv2d_backward_data(const Conv2dBackwardDataArgs<T>& args) {
  prefers_winograd(args.shape) ? conv2d_backward_data_winograd(args) : conv2d_backward_data_direct(args);
}

template <class T>
void conv2d_backward_weight(const Conv2dBackwardWeightArgs<T>& args) {
  prefers_winograd(args.shape) ? conv2d_backward_weight_winograd(args) : conv2d_backward_weight_direct(args);
}

template void conv2d(const Conv2dArgs<float>&);
template void conv2d(const Conv2dArgs<double>&);
template void conv2d_backward_data(const Conv2dBackwardDataArgs<float>&);
template void conv2d_backward_data(const Conv2dBackwardDataArgs<double>&);
template void conv2d_backward_weight(const Conv2dBackwardWeightArgs<float>&);
template void conv2d_backward_weight(const Conv2dBackwardWeightArgs<double>&);

}  // namespace masktwins::kernels::cpu

#include "kernels/conv2d.h"

#include <algorithm>

#include "kernels/common/parallel.h"
#include "kernels/conv2d_direct.h"
#include "kernels/conv2d_winograd.h"
#include "kernels/linear.h"

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

// A 1x1 kernel without stride is a matrix product of pixels and filters.
bool is_pointwise(const Conv2dShape& s) {
  return s.kernel_height == 1 && s.kernel_width == 1 && s.stride == 1 && s.padding == 0;
}

LinearShape pixels_as_rows(const Conv2dShape& s) {
  return {s.batch * s.height * s.width, s.in_channels, s.out_channels};
}

}  // namespace

template <class T>
void conv2d(const Conv2dArgs<T>& args) {
  if (is_pointwise(args.shape))
    return linear<T>({pixels_as_rows(args.shape), args.x, args.weight, args.bias, args.y});
  prefers_winograd(args.shape, args.shape.in_channels) ? conv2d_winograd(args) : conv2d_direct(args);
}

template <class T>
void conv2d_backward_data(const Conv2dBackwardDataArgs<T>& args) {
  if (is_pointwise(args.shape) && !args.bias)
    return linear_backward_data<T>({pixels_as_rows(args.shape), args.dy, args.weight, args.dx});
  prefers_winograd(args.shape, args.shape.out_channels) ? conv2d_backward_data_winograd(args)
                                                        : conv2d_backward_data_direct(args);
}

template <class T>
void conv2d_backward_weight(const Conv2dBackwardWeightArgs<T>& args) {
  if (is_pointwise(args.shape))
    return linear_backward_weight<T>({pixels_as_rows(args.shape), args.x, args.dy, args.dweight, nullptr});
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

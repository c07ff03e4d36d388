// Who computes a convolution on CUDA.
#include "kernels/conv2d.h"

#include <stdexcept>
#include <string>

#include "kernels/common/cuda.h"
#include "kernels/common/float16.h"
#include "kernels/vendor/cudnn_conv2d.h"

namespace masktwins::kernels::cuda {
namespace {

void require_plan(bool computed, const Conv2dShape& s) {
  if (computed) return;
  throw std::runtime_error("cuDNN has no deterministic algorithm for a convolution of stride " +
                           std::to_string(s.stride) + " and dilation " + std::to_string(s.dilation));
}

int64_t weights(const Conv2dShape& s) { return s.out_channels * s.taps(); }

}  // namespace

template <class T>
void conv2d(const Conv2dArgs<T>& args) {
  if (args.shape.batch == 0) return;
  require_plan(cudnn_conv2d(args), args.shape);
}

template <class T>
void conv2d_backward_data(const Conv2dBackwardDataArgs<T>& args) {
  if (args.shape.batch == 0) return;
  require_plan(cudnn_conv2d_backward_data(args), args.shape);
}

template <class T>
void conv2d_backward_weight(const Conv2dBackwardWeightArgs<T>& args) {
  if (args.shape.batch == 0)
    return clear(args.dweight, static_cast<std::size_t>(weights(args.shape)) * sizeof(T));
  require_plan(cudnn_conv2d_backward_weight(args), args.shape);
}

template void conv2d(const Conv2dArgs<float>&);
template void conv2d(const Conv2dArgs<bfloat16>&);
template void conv2d(const Conv2dArgs<float16>&);
template void conv2d_backward_data(const Conv2dBackwardDataArgs<float>&);
template void conv2d_backward_data(const Conv2dBackwardDataArgs<bfloat16>&);
template void conv2d_backward_data(const Conv2dBackwardDataArgs<float16>&);
template void conv2d_backward_weight(const Conv2dBackwardWeightArgs<float>&);
template void conv2d_backward_weight(const Conv2dBackwardWeightArgs<bfloat16>&);
template void conv2d_backward_weight(const Conv2dBackwardWeightArgs<float16>&);

}  // namespace masktwins::kernels::cuda

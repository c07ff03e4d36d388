// Convolutions on CUDA: by cuDNN, or by the last versions of our own.
#include "kernels/conv2d.h"

#include "kernels/common/cuda.h"
#include "kernels/common/float16.h"
#include "kernels/course/versions.h"
#include "kernels/vendor/cudnn_conv2d.h"
#include "kernels/vendor/libraries.h"

namespace masktwins::kernels::cuda {
namespace {

#ifdef MASKTWINS_CUDNN
constexpr bool built_with_cudnn = true;
#else
constexpr bool built_with_cudnn = false;
#endif

}  // namespace

template <class T>
void conv2d(const Conv2dArgs<T>& args) {
  if (args.shape.batch == 0) return;
  if constexpr (built_with_cudnn)
    if (libraries() == Libraries::vendor && cudnn_conv2d(args)) return;
  if constexpr (is_16bit_float<T>)
    if (device_has_tensor_cores()) return conv2d_version<4>(args);
  conv2d_version<3>(args);
}

template <class T>
void conv2d_backward_data(const Conv2dBackwardDataArgs<T>& args) {
  if (args.shape.batch == 0) return;
  if constexpr (built_with_cudnn)
    if (libraries() == Libraries::vendor && cudnn_conv2d_backward_data(args)) return;
  if constexpr (is_16bit_float<T>)
    if (device_has_tensor_cores()) return conv2d_backward_data_version<4>(args);
  conv2d_backward_data_version<3>(args);
}

template <class T>
void conv2d_backward_weight(const Conv2dBackwardWeightArgs<T>& args) {
  const auto weights = static_cast<std::size_t>(args.shape.out_channels * args.shape.taps());
  if (args.shape.batch == 0) return clear(args.dweight, weights * sizeof(T));
  if constexpr (built_with_cudnn)
    if (libraries() == Libraries::vendor && cudnn_conv2d_backward_weight(args)) return;
  if constexpr (is_16bit_float<T>)
    if (device_has_tensor_cores()) return conv2d_backward_weight_version<4>(args);
  conv2d_backward_weight_version<3>(args);
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

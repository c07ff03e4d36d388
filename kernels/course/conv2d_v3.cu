#include "kernels/course/patches.cuh"
#include "kernels/course/product_v3.cuh"
#include "kernels/course/versions.h"

namespace masktwins::kernels::cuda {

template <int version, class T>
void conv2d_version(const Conv2dArgs<T>& args) {
  conv2d_by(args, ProductV3());
}
template <int version, class T>
void conv2d_backward_data_version(const Conv2dBackwardDataArgs<T>& args) {
  conv2d_backward_data_by(args, ProductV3());
}
template <int version, class T>
void conv2d_backward_weight_version(const Conv2dBackwardWeightArgs<T>& args) {
  conv2d_backward_weight_by(args, ProductV3());
}

template void conv2d_version<3>(const Conv2dArgs<float>&);
template void conv2d_backward_data_version<3>(const Conv2dBackwardDataArgs<float>&);
template void conv2d_backward_weight_version<3>(const Conv2dBackwardWeightArgs<float>&);
template void conv2d_version<3>(const Conv2dArgs<bfloat16>&);
template void conv2d_backward_data_version<3>(const Conv2dBackwardDataArgs<bfloat16>&);
template void conv2d_backward_weight_version<3>(const Conv2dBackwardWeightArgs<bfloat16>&);
template void conv2d_version<3>(const Conv2dArgs<float16>&);
template void conv2d_backward_data_version<3>(const Conv2dBackwardDataArgs<float16>&);
template void conv2d_backward_weight_version<3>(const Conv2dBackwardWeightArgs<float16>&);

}  // namespace masktwins::kernels::cuda

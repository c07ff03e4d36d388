#include "kernels/course/patches.cuh"
#include "kernels/course/product_v1.cuh"
#include "kernels/course/versions.h"

namespace masktwins::kernels::cuda {

template <int version, class T>
void conv2d_version(const Conv2dArgs<T>& args) {
  conv2d_by(args, ProductV1());
}
template <int version, class T>
void conv2d_backward_data_version(const Conv2dBackwardDataArgs<T>& args) {
  conv2d_backward_data_by(args, ProductV1());
}
template <int version, class T>
void conv2d_backward_weight_version(const Conv2dBackwardWeightArgs<T>& args) {
  conv2d_backward_weight_by(args, ProductV1());
}

template void conv2d_version<1>(const Conv2dArgs<float>&);
template void conv2d_backward_data_version<1>(const Conv2dBackwardDataArgs<float>&);
template void conv2d_backward_weight_version<1>(const Conv2dBackwardWeightArgs<float>&);

}  // namespace masktwins::kernels::cuda

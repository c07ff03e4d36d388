#include "kernels/course/matrix.cuh"
#include "kernels/course/product_v3.cuh"
#include "kernels/course/versions.h"

namespace masktwins::kernels::cuda {

template <int version, class T>
void matmul_version(const MatmulArgs<T>& args) {
  matmul_by(args, ProductV3());
}

template void matmul_version<3>(const MatmulArgs<float>&);
template void matmul_version<3>(const MatmulArgs<bfloat16>&);
template void matmul_version<3>(const MatmulArgs<float16>&);

}  // namespace masktwins::kernels::cuda

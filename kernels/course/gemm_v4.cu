#include "kernels/course/matrix.cuh"
#include "kernels/course/product_v4.cuh"
#include "kernels/course/versions.h"

namespace masktwins::kernels::cuda {

template <int version, class T>
void matmul_version(const MatmulArgs<T>& args) {
  matmul_by(args, ProductV4());
}

template void matmul_version<4>(const MatmulArgs<bfloat16>&);
template void matmul_version<4>(const MatmulArgs<float16>&);

}  // namespace masktwins::kernels::cuda

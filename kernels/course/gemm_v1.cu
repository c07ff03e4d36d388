#include "kernels/course/matrix.cuh"
#include "kernels/course/product_v1.cuh"
#include "kernels/course/versions.h"

namespace masktwins::kernels::cuda {

template <int version, class T>
void matmul_version(const MatmulArgs<T>& args) {
  matmul_by(args, ProductV1());
}

template void matmul_version<1>(const MatmulArgs<float>&);

}  // namespace masktwins::kernels::cuda

// Matrix products on CUDA: by cuBLASLt, or by the last versions of our own.
#include "kernels/matmul.h"

#include "kernels/common/cuda.h"
#include "kernels/common/float16.h"
#include "kernels/course/versions.h"
#include "kernels/vendor/cublaslt_matmul.h"
#include "kernels/vendor/libraries.h"

namespace masktwins::kernels::cuda {
namespace {

#ifdef MASKTWINS_CUBLASLT
constexpr bool built_with_cublaslt = true;
#else
constexpr bool built_with_cublaslt = false;
#endif

}  // namespace

template <class T>
void matmul(const MatmulArgs<T>& args) {
  if (args.batch == 0 || args.m == 0 || args.n == 0) return;
  if constexpr (built_with_cublaslt)
    if (libraries() == Libraries::vendor && args.k > 0 && cublaslt_matmul(args)) return;
  if constexpr (is_16bit_float<T>)
    if (device_has_tensor_cores()) return matmul_version<4>(args);
  matmul_version<3>(args);
}

template void matmul(const MatmulArgs<float>&);
template void matmul(const MatmulArgs<bfloat16>&);
template void matmul(const MatmulArgs<float16>&);

}  // namespace masktwins::kernels::cuda

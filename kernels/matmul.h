// matmul: C = act(A · B + bias), for each matrix of a batch. act(v) = v, or the tanh form of GELU,
//   v / 2 * (1 + tanh(sqrt(2/pi) * (v + 0.044715 v^3)))  (Hendrycks and Gimpel 2016).
//
// Layout: C (m,n) row-major. A (m,k) row-major, or (k,m) if a_transposed; B (k,n) row-major, or (n,k) if
// b_transposed. The matrices of a batch are a_stride, b_stride, c_stride elements apart. bias (n).
// Bytes: A, B and C once. Flops: 2·batch·m·n·k. Only CUDA has it; the CPU's ops pack panels for
// kernels/gemm.h.
#pragma once

#include <cstdint>

namespace masktwins::kernels {

enum class Activation { none, gelu_tanh };

template <class T>
struct MatmulArgs {
  int64_t m, n, k;
  const T* a;
  const T* b;
  T* c;
  bool a_transposed = false, b_transposed = false;
  const T* bias = nullptr;  // n elements, or null
  Activation activation = Activation::none;
  int64_t batch = 1;
  int64_t a_stride = 0, b_stride = 0, c_stride = 0;
};

namespace cuda {
// float (without TF32), bfloat16 and float16 (summed in float); deterministic. cuBLASLt where the build has
// it, else the last of the versions in kernels/course; MASKTWINS_LIBRARIES=own chooses the latter, too.
template <class T>
void matmul(const MatmulArgs<T>& args);
}  // namespace cuda

}  // namespace masktwins::kernels

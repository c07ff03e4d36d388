// Matrix products by cuBLASLt, behind the contract of kernels/matmul.h: float without TF32, 16-bit types
// summed in float, only algorithms that repeat every bit. Working memory comes from the engine's allocator.
#pragma once

#include <cstddef>

#include "kernels/matmul.h"

namespace masktwins::kernels::cuda {

// Returns false, and does nothing, if cuBLASLt has no algorithm for the product. No dimension may be 0.
template <class T>
bool cublaslt_matmul(const MatmulArgs<T>& args);

// Products that cuBLASLt was asked about, with the algorithm chosen for each; bounded.
std::size_t cublaslt_plan_count();
constexpr std::size_t most_cublaslt_plans = 256;

}  // namespace masktwins::kernels::cuda

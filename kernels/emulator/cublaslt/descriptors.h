// Stand-in for cuBLASLt: what its handles and descriptors hold, and how a call is refused. Matrices are
// column-major; float, half and bfloat16, summed in float.
#pragma once

#include <cublasLt.h>

#include "kernels/emulator/runtime/library.h"
#include "kernels/emulator/runtime/numbers.h"

struct cublasLtContext {};

namespace masktwins::emulator {

// The library's own types are arrays of numbers; these lie behind the handles.
struct MatmulOperation {
  using Handle = cublasLtMatmulDesc_t;
  cublasComputeType_t compute_type = CUBLAS_COMPUTE_32F;
  cudaDataType_t scale_type = CUDA_R_32F;
  cublasOperation_t a = CUBLAS_OP_N, b = CUBLAS_OP_N;
  cublasLtEpilogue_t epilogue = CUBLASLT_EPILOGUE_DEFAULT;
  const void* bias = nullptr;
};
struct MatrixLayout {
  using Handle = cublasLtMatrixLayout_t;
  cudaDataType_t type = CUDA_R_32F;
  uint64_t rows = 0, columns = 0;
  int64_t leading = 0, batch_stride = 0;
  int32_t batch = 1;
};
struct MatmulPreference {
  using Handle = cublasLtMatmulPreference_t;
  uint64_t workspace = 0;
  uint32_t reductions = CUBLASLT_REDUCTION_SCHEME_MASK;
  uint32_t a_alignment = 256, b_alignment = 256, c_alignment = 256, d_alignment = 256;
};

// The reason of this thread's last refusal; cublasLtGetStatusString tells it.
std::string& last_cublaslt_refusal();

// Runs a call's body, which throws Refusal to end it.
template <class Body>
cublasStatus_t cublaslt_call(Body&& body) {
  try {
    body();
    return CUBLAS_STATUS_SUCCESS;
  } catch (const Refusal<cublasStatus_t>& refusal) {
    last_cublaslt_refusal() = refusal.why;
    return refusal.status;
  }
}

// The object behind a handle; refuses null, destroyed and foreign ones.
template <class Object>
Object& live(typename Object::Handle handle, const char* name) {
  auto* object = reinterpret_cast<Object*>(handle);
  if (handle == nullptr) refuse(CUBLAS_STATUS_INVALID_VALUE, name, " is null");
  if (!LiveObjects<Object>::instance().contains(object))
    refuse(CUBLAS_STATUS_INVALID_VALUE, name, " was never created, or is destroyed");
  return *object;
}
void require_live(cublasLtHandle_t handle);

// Refuses types that the stand-in does not know.
NumberType number_type(cudaDataType_t type);
int64_t bytes_of(NumberType type);

}  // namespace masktwins::emulator

// cuDNN's handle, errors and data types.
#pragma once

#include <cudnn.h>

#include "kernels/common/float16.h"

namespace masktwins::kernels::cuda {

// Works on the engine's stream. Created at the first use, kept until the process ends.
cudnnHandle_t cudnn_handle();

// Throws std::runtime_error "cuDNN: <call>: <the library's words>" unless status is CUDNN_STATUS_SUCCESS.
void check(cudnnStatus_t status, const char* call);

template <class T>
constexpr cudnnDataType_t cudnn_type() {
  if constexpr (std::is_same_v<T, bfloat16>) return CUDNN_DATA_BFLOAT16;
  else if constexpr (std::is_same_v<T, float16>) return CUDNN_DATA_HALF;
  else return CUDNN_DATA_FLOAT;
}

}  // namespace masktwins::kernels::cuda

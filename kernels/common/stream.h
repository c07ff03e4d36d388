// For files that call the CUDA runtime or one of its libraries: the stream, and what to do with an error.
#pragma once

#include <cuda_runtime_api.h>

#include <stdexcept>
#include <string>

namespace masktwins::kernels::cuda {

// The stream on which every kernel, copy and library call of the engine is queued.
cudaStream_t stream();

// Throws std::runtime_error "cuda: <what>: <the runtime's words>" unless error is cudaSuccess.
void check(cudaError_t error, const std::string& what);

}  // namespace masktwins::kernels::cuda

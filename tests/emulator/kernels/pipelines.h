// Kernels with cuda::barrier and cuda::pipeline. Each writes `batches` pieces of x, every one reversed.
#pragma once

#include <cuda_runtime_api.h>

namespace masktwins::tests {

inline constexpr int pipeline_threads = 128;

void reverse_with_barrier(const int* x, int* y, int batches);  // pieces of 128; a barrier between the phases
void reverse_with_copies(const int* x, int* y, int batches);   // pieces of 128; cp.async arrives at a barrier
void reverse_with_pipeline(const int* x, int* y,
                           int batches);                     // pieces of 128; two stages, all threads do both
void reverse_with_roles(const int* x, int* y, int batches);  // pieces of 64; half of the threads only copy
void reverse_in_one_warp(const int* x, int* y, int batches);  // pieces of 16; the same within one warp

}  // namespace masktwins::tests

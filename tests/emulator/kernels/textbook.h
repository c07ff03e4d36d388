// Kernels every CUDA text starts with, as host functions that launch them. Pointers are device pointers.
#pragma once

#include <cuda_runtime_api.h>

namespace masktwins::tests {

void saxpy(float a, const float* x, float* y, int n, cudaStream_t stream = nullptr);  // y += a x
void saxpy_vector(float a, const float* x, float* y, int n);                          // n a multiple of 4
void transpose(const float* in, float* out, int width, int height, bool padded);      // through shared memory
void transpose_naive(const float* in, float* out, int width, int height);
void reduce(const float* x, float* sum, int n);            // *sum += sum of x: shuffles, one atomic per block
void scan(const int* x, int* y, int n);                    // inclusive prefix sum, one block, n <= 1024
void histogram(const int* x, int* bins, int n, int size);  // counts in shared memory first
void stencil(const float* x, float* y, int width, int height);  // mean of a point and its four neighbours
void softmax(const float* x, float* y, int rows, int columns);
void layernorm(const float* x, const float* scale, const float* shift, float* y, int rows, int columns);
void matmul_tiled(const float* a, const float* b, float* c, int m, int n, int k);  // row by row, any sizes

}  // namespace masktwins::tests

#include "tests/emulator/kernels/features.h"

namespace masktwins::tests {
namespace {

__constant__ int constant;
__device__ int counter;
__device__ const int table[4] = {7, 11, -3, 40};

struct Pair {
  int square, itself;
};

__device__ __noinline__ int fibonacci(int n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }
__device__ __noinline__ Pair pair_of(int x, char sign) { return {x * x, sign * x}; }

__device__ __noinline__ int choose(int i) {
  switch (i) {
    case 0: return table[0];
    case 1: return table[1];
    case 2: return table[2];
    case 3: return table[3];
    case 4: return 5;
    case 5: return i * 12;
    default: return -1;
  }
}

__global__ void nothing_kernel() {}

__global__ void features_kernel(int* out) {
  const int i = threadIdx.x;
  atomicAdd(&counter, 1);
  const Pair pair = pair_of(i, -1);
  out[i] = constant + 100 * fibonacci(i % 8) + choose(i % 8) + pair.square + pair.itself;
}

__global__ void increment_kernel(int* x, int n, int rounds) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  volatile int* place = x + i;
  for (int round = 0; round < rounds; ++round) *place = *place;
  *place = *place + 1;
}

__global__ void double_kernel(int* x, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) x[i] *= 2;
}

}  // namespace

void launch_nothing(dim3 grid, dim3 block, std::size_t dynamic_shared) {
  nothing_kernel<<<grid, block, dynamic_shared>>>();
}
void allow_shared_memory(int bytes) {
  cudaFuncSetAttribute(nothing_kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes);
}
int resident_blocks(int threads, std::size_t dynamic_shared) {
  int blocks = 0;
  cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, nothing_kernel, threads, dynamic_shared);
  return blocks;
}
void set_constant(int value) { cudaMemcpyToSymbol(constant, &value, sizeof value); }
int read_counter() {
  int value = 0;
  cudaMemcpyFromSymbol(&value, counter, sizeof value);
  return value;
}
void device_features(int* out) { features_kernel<<<1, 64>>>(out); }
void increment(int* x, int n, int rounds, cudaStream_t stream) {
  increment_kernel<<<(n + 127) / 128, 128, 0, stream>>>(x, n, rounds);
}
void double_values(int* x, int n, cudaStream_t stream) {
  double_kernel<<<(n + 127) / 128, 128, 0, stream>>>(x, n);
}

}  // namespace masktwins::tests

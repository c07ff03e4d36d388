#include "tests/emulator/kernels/host_memory.h"

namespace masktwins::tests {
namespace {

__managed__ int total = 5;

__global__ void add_kernel(int number) { total += number; }

__global__ void line_kernel(float* x, int n) {
  if (threadIdx.x < n) x[threadIdx.x] += 1;
}

__global__ void volume_kernel(cudaPitchedPtr volume, int rows) {
  char* row = static_cast<char*>(volume.ptr) + blockIdx.x * volume.pitch;
  if (blockIdx.x < rows) reinterpret_cast<float*>(row)[threadIdx.x] += 1;
}

}  // namespace

int managed_total() {
  cudaDeviceSynchronize();
  return total;
}
void add_to_total(int number) { add_kernel<<<1, 1>>>(number); }

void add_one(float* x, int n) { line_kernel<<<1, 256>>>(x, n); }
void add_one(const cudaPitchedPtr& volume, const cudaExtent& extent) {
  const int rows = extent.height * extent.depth;
  volume_kernel<<<rows, extent.width / sizeof(float)>>>(volume, rows);
}

}  // namespace masktwins::tests

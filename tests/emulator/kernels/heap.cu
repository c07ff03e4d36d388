#include "tests/emulator/kernels/heap.h"

namespace masktwins::tests {
namespace {

struct Number {
  __device__ virtual int value() const = 0;
  __device__ virtual ~Number() {}
};
struct Plain : Number {
  int x;
  __device__ explicit Plain(int v) : x(v) {}
  __device__ int value() const override { return x; }
};
struct Counting : Number {
  int* numbers;
  __device__ explicit Counting(int v) : numbers(new int[4]) {
    for (int i = 0; i < 4; ++i) numbers[i] = v + i;
  }
  __device__ int value() const override { return numbers[3]; }
  __device__ ~Counting() override { delete[] numbers; }
};

__global__ void virtual_objects(int* out) {
  const int i = threadIdx.x;
  const Number* number = i % 2 == 0 ? static_cast<Number*>(new Counting(i)) : new Plain(i);
  out[i] = number->value();
  delete number;
}

__global__ void one_array(int* out) {
  __shared__ int* data;
  if (threadIdx.x == 0) data = static_cast<int*>(malloc(blockDim.x * sizeof(int)));
  __syncthreads();
  data[threadIdx.x] = 3 * threadIdx.x;
  __syncthreads();
  out[blockIdx.x * blockDim.x + threadIdx.x] = data[blockDim.x - 1 - threadIdx.x];
  __syncthreads();
  if (threadIdx.x == 0) free(data);
}

__global__ void in_vain(bool* got_null, std::size_t bytes) {
  void* memory = malloc(bytes);
  *got_null = memory == nullptr;
  free(memory);
}

__global__ void mistake_kernel(HeapMistake mistake, int* out) {
  int* data = static_cast<int*>(malloc(10 * sizeof(int)));
  data[9] = 1;
  if (mistake == HeapMistake::past_the_end) data[10] = 1;
  if (mistake == HeapMistake::not_from_malloc) free(data + 4);
  free(data);
  if (mistake == HeapMistake::after_free) out[0] = data[2];
  if (mistake == HeapMistake::freed_twice) free(data);
}

}  // namespace

void delete_virtual_objects(int* out, int threads) { virtual_objects<<<1, threads>>>(out); }
void share_one_array(int* out, int blocks, int threads) { one_array<<<blocks, threads>>>(out); }
void allocate_in_vain(bool* got_null, std::size_t bytes) { in_vain<<<1, 1>>>(got_null, bytes); }
void misuse_heap(HeapMistake mistake, int* out) { mistake_kernel<<<1, 1>>>(mistake, out); }

}  // namespace masktwins::tests

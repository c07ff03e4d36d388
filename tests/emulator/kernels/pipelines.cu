#include "tests/emulator/kernels/pipelines.h"

#include <cooperative_groups.h>

#include <cuda/barrier>
#include <cuda/pipeline>

namespace masktwins::tests {
namespace {

namespace cg = cooperative_groups;
constexpr auto scope = cuda::thread_scope_block;
constexpr int threads = pipeline_threads, stages = 2;

#pragma nv_diag_suppress 20054  // barriers in shared memory are set up by init

__global__ void with_barrier(const int* x, int* y, int batches) {
  __shared__ int piece[threads];
  __shared__ cuda::barrier<scope> barrier;
  const int i = threadIdx.x;
  if (i == 0) init(&barrier, threads);
  __syncthreads();
  for (int b = 0; b < batches; ++b) {
    piece[i] = x[b * threads + i];
    auto written = barrier.arrive();
    barrier.wait(std::move(written));
    y[b * threads + i] = piece[threads - 1 - i];
    barrier.arrive_and_wait();
  }
}

__global__ void with_copies(const int* x, int* y, int batches) {
  __shared__ alignas(16) int piece[threads];
  __shared__ cuda::barrier<scope> barrier;
  const auto block = cg::this_thread_block();
  const int i = threadIdx.x;
  if (i == 0) init(&barrier, threads);
  __syncthreads();
  for (int b = 0; b < batches; ++b) {
    cuda::memcpy_async(block, piece, x + b * threads, cuda::aligned_size_t<16>(sizeof piece), barrier);
    barrier.arrive_and_wait();
    y[b * threads + i] = piece[threads - 1 - i];
    barrier.arrive_and_wait();
  }
}

__global__ void with_pipeline(const int* x, int* y, int batches) {
  __shared__ alignas(16) int pieces[stages][threads];
  __shared__ cuda::pipeline_shared_state<scope, stages> state;
  const auto block = cg::this_thread_block();
  auto pipeline = cuda::make_pipeline(block, &state);
  const int i = threadIdx.x;
  for (int used = 0, fetched = 0; used < batches; ++used) {
    for (; fetched < batches && fetched < used + stages; ++fetched) {
      pipeline.producer_acquire();
      cuda::memcpy_async(block, pieces[fetched % stages], x + fetched * threads,
                         cuda::aligned_size_t<16>(sizeof pieces[0]), pipeline);
      pipeline.producer_commit();
    }
    pipeline.consumer_wait();
    y[used * threads + i] = pieces[used % stages][threads - 1 - i];
    pipeline.consumer_release();
  }
}

template <int half>
__global__ void with_roles(const int* x, int* y, int batches) {
  __shared__ int pieces[stages][half];
  __shared__ cuda::pipeline_shared_state<scope, stages> state;
  const int i = threadIdx.x;
  const auto role = i < half ? cuda::pipeline_role::producer : cuda::pipeline_role::consumer;
  auto pipeline = cuda::make_pipeline(cg::this_thread_block(), &state, role);
  if (i < half) {
    for (int b = 0; b < batches; ++b) {
      pipeline.producer_acquire();
      cuda::memcpy_async(&pieces[b % stages][i], x + b * half + i, cuda::aligned_size_t<4>(4), pipeline);
      pipeline.producer_commit();
    }
  } else {
    for (int b = 0; b < batches; ++b) {
      pipeline.consumer_wait();
      y[b * half + i - half] = pieces[b % stages][2 * half - 1 - i];
      pipeline.consumer_release();
    }
  }
}

}  // namespace

void reverse_with_barrier(const int* x, int* y, int batches) { with_barrier<<<1, threads>>>(x, y, batches); }
void reverse_with_copies(const int* x, int* y, int batches) { with_copies<<<1, threads>>>(x, y, batches); }
void reverse_with_pipeline(const int* x, int* y, int batches) {
  with_pipeline<<<1, threads>>>(x, y, batches);
}
void reverse_with_roles(const int* x, int* y, int batches) {
  with_roles<threads / 2><<<1, threads>>>(x, y, batches);
}
void reverse_in_one_warp(const int* x, int* y, int batches) { with_roles<16><<<1, 32>>>(x, y, batches); }

}  // namespace masktwins::tests

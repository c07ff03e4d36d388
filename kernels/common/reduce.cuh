// Sums in a fixed order: within a warp by shuffles, within a block through shared memory, over blocks by a
// second kernel. No atomics, so that a repeated call repeats every bit.
#pragma once

#include "kernels/common/launch.cuh"

namespace masktwins::kernels::cuda {

constexpr int warp_size = 32;
constexpr unsigned all_lanes = 0xffffffffu;

struct Plus {
  template <class T>
  __device__ T operator()(T a, T b) const {
    return a + b;
  }
};
struct Maximum {
  template <class T>
  __device__ T operator()(T a, T b) const {
    return a > b ? a : b;
  }
};

// Every lane receives the result over its warp.
template <class T, class F = Plus>
__device__ __forceinline__ T warp_reduce(T value, F combine = {}) {
#pragma unroll
  for (int distance = warp_size / 2; distance > 0; distance /= 2)
    value = combine(value, __shfl_xor_sync(all_lanes, value, distance));
  return value;
}

// Every thread receives the result over its block of at most 1024 threads, a multiple of 32. `shared` holds
// one value per warp; the barrier at the end lets it be used again at once.
template <class T, class F = Plus>
__device__ __forceinline__ T block_reduce(T value, T* shared, F combine = {}) {
  const int lane = threadIdx.x % warp_size, warp = threadIdx.x / warp_size, warps = blockDim.x / warp_size;
  value = warp_reduce(value, combine);
  if (lane == 0) shared[warp] = value;
  __syncthreads();
  value = shared[lane < warps ? lane : 0];
#pragma unroll
  for (int distance = warp_size / 2; distance > 0; distance /= 2) {
    const T other = __shfl_down_sync(all_lanes, value, distance);
    if (lane + distance < warps) value = combine(value, other);
  }
  value = __shfl_sync(all_lanes, value, 0);
  __syncthreads();
  return value;
}

// out[0] = factor * sum of partial[0 .. count), by one block.
template <class Sum, class T>
__global__ void __launch_bounds__(threads_per_block)
    finish_sum_kernel(const Sum* partial, int64_t count, double factor, T* out) {
  __shared__ Sum shared[threads_per_block / warp_size];
  Sum sum{};
  for (int64_t i = threadIdx.x; i < count; i += blockDim.x) sum += partial[i];
  sum = block_reduce(sum, shared);
  if (threadIdx.x == 0) *out = static_cast<T>(static_cast<Sum>(factor) * sum);
}

// *out = factor * sum of the blocks' partial sums.
template <class Sum, class T>
void finish_sum(const char* name, const Sum* partial, unsigned blocks, double factor, T* out) {
  launch(name, finish_sum_kernel<Sum, T>, 1, threads_per_block)(partial, int64_t{blocks}, factor, out);
}

// partial[block] = sum over the block's elements of f(i).
template <class Sum, class F>
__global__ void __launch_bounds__(threads_per_block) partial_sums_kernel(F f, int64_t count, Sum* partial) {
  __shared__ Sum shared[threads_per_block / warp_size];
  Sum sum{};
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count;
       i += int64_t{gridDim.x} * blockDim.x)
    sum += f(i);
  sum = block_reduce(sum, shared);
  if (threadIdx.x == 0) partial[blockIdx.x] = sum;
}

// *out = factor * sum over i < count of f(i); f gives the type in which is summed, and may handle a pack per
// i.
template <class F, class T>
void reduce_sum(const char* name, F f, int64_t count, double factor, T* out) {
  using Sum = decltype(f(int64_t{}));
  const unsigned blocks = blocks_for(count, 4 * threads_per_block);
  const DeviceScratch<Sum> partial(blocks);
  launch(name, partial_sums_kernel<Sum, F>, blocks, threads_per_block)(f, count, partial.data());
  finish_sum(name, partial.data(), blocks, factor, out);
}

}  // namespace masktwins::kernels::cuda

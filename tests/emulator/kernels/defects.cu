#include <cassert>
#include <cstdio>

#include "tests/emulator/kernels/defects.h"

namespace masktwins::tests {
namespace {

template <Reverse variant>
__global__ void reverse_kernel(const float* in, float* out) {
  __shared__ float values[64];
  const int i = threadIdx.x;
  if (variant != Reverse::reads_unwritten || i < 32) values[i] = in[i];
  if constexpr (variant == Reverse::barrier_in_branch) {
    if (i < 40) __syncthreads();
  } else if constexpr (variant != Reverse::no_barrier) {
    __syncthreads();
  }
  out[i] = values[63 - i];
}

template <TreeSum variant>
__global__ void tree_sum_kernel(const float* in, float* out) {
  __shared__ float values[64];
  const int i = threadIdx.x;
  values[i] = in[i];
  __syncthreads();
  for (int half = 32; half > 0; half /= 2) {
    if (i < half) values[i] += values[i + half];
    // Within one warp lanes still need __syncwarp: they may run apart.
    if constexpr (variant == TreeSum::warp_without_sync) {
      if (half > 32) __syncthreads();
    } else if constexpr (variant == TreeSum::correct) {
      if (half > 16) __syncthreads();
      else __syncwarp();
    }
  }
  if (i == 0) *out = values[0];
}

__global__ void scale_kernel(float* x, int n, bool with_bounds_check) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (!with_bounds_check || i < n) x[i] *= 2;
}

__global__ void scale_vector_kernel(float* x) {
  float4& values = *reinterpret_cast<float4*>(x);
  values = make_float4(2 * values.x, 2 * values.y, 2 * values.z, 2 * values.w);
}

__global__ void sum_by_shuffle_kernel(const float* in, float* out, bool whole_warp) {
  float value = in[threadIdx.x];
  if (whole_warp || threadIdx.x < 16)
    for (int offset = 8; offset > 0; offset /= 2) value += __shfl_xor_sync(0xffffffffu, value, offset);
  if (threadIdx.x == 0) *out = value;
}

__global__ void shared_overrun_kernel(float* out, int index) {
  __shared__ float values[32];
  values[threadIdx.x] = 1;
  values[index] = 2;
  __syncwarp();
  out[threadIdx.x] = values[threadIdx.x];
}

__global__ void check_positive_kernel(const float* x, int n) {
  const int i = threadIdx.x;
  if (i < n) assert(x[i] > 0);
}

__global__ void print_kernel(const float* x, int n) {
  const int i = threadIdx.x;
  if (i < n) printf("%d of %s: %.2f 100%%\n", i, "x", x[i]);
}

}  // namespace

void reverse(const float* in, float* out, Reverse variant) {
  switch (variant) {
    case Reverse::correct: return reverse_kernel<Reverse::correct><<<1, 64>>>(in, out);
    case Reverse::no_barrier: return reverse_kernel<Reverse::no_barrier><<<1, 64>>>(in, out);
    case Reverse::barrier_in_branch: return reverse_kernel<Reverse::barrier_in_branch><<<1, 64>>>(in, out);
    case Reverse::reads_unwritten: return reverse_kernel<Reverse::reads_unwritten><<<1, 64>>>(in, out);
  }
}
void tree_sum(const float* in, float* out, TreeSum variant) {
  switch (variant) {
    case TreeSum::correct: return tree_sum_kernel<TreeSum::correct><<<1, 64>>>(in, out);
    case TreeSum::no_barrier_in_loop: return tree_sum_kernel<TreeSum::no_barrier_in_loop><<<1, 64>>>(in, out);
    case TreeSum::warp_without_sync: return tree_sum_kernel<TreeSum::warp_without_sync><<<1, 64>>>(in, out);
  }
}
void scale(float* x, int n, bool with_bounds_check) {
  scale_kernel<<<(n + 63) / 64, 64>>>(x, n, with_bounds_check);
}
void scale_vector(float* x, int offset) { scale_vector_kernel<<<1, 1>>>(x + offset); }
void sum_by_shuffle(const float* in, float* out, bool whole_warp) {
  sum_by_shuffle_kernel<<<1, 32>>>(in, out, whole_warp);
}
void shared_overrun(float* out, int index) { shared_overrun_kernel<<<1, 32>>>(out, index); }
void check_positive(const float* x, int n) { check_positive_kernel<<<1, 32>>>(x, n); }
void print_numbers(const float* x, int n) { print_kernel<<<1, 32>>>(x, n); }

}  // namespace masktwins::tests

#include <cuda_bf16.h>

#include "tests/emulator/kernels/matmul_async.h"

namespace masktwins::tests {
namespace {

constexpr int tile = 64, depth = 32, chunk = 8;  // rows of a tile, its columns, elements of 16 bytes
constexpr int chunks = depth / chunk;

__device__ unsigned shared_address(const void* pointer) {
  return static_cast<unsigned>(__cvta_generic_to_shared(pointer));
}

// Chunk `column` of a row lies xor-swizzled, so that 8 rows of ldmatrix fall into different banks.
template <MatmulVariant variant>
__device__ int place(int row, int column) {
  if (variant != MatmulVariant::not_swizzled) column ^= row / 2 % chunks;
  return row * depth + column * chunk;
}

__device__ void copy_chunk(const __nv_bfloat16* to, const __nv_bfloat16* from) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(shared_address(to)), "l"(from));
}
template <int pending>
__device__ void wait_copies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(pending));
}

__device__ void load_fragments(unsigned (&fragment)[4], const __nv_bfloat16* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(fragment[0]), "=r"(fragment[1]), "=r"(fragment[2]), "=r"(fragment[3])
               : "r"(shared_address(row)));
}

__device__ void multiply(float (&sum)[4], const unsigned (&a)[4], unsigned b0, unsigned b1) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
      "{%0, %1, %2, %3};"
      : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// 4 warps, each a quarter of the tile of C.
template <MatmulVariant variant>
__global__ void __launch_bounds__(128)
    matmul_kernel(const __nv_bfloat16* __restrict__ a, const __nv_bfloat16* __restrict__ b,
                  float* __restrict__ c, int n, int k) {
  __shared__ __align__(128) __nv_bfloat16 a_tiles[2][tile * depth], b_tiles[2][tile * depth];
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  const int first_row = blockIdx.y * tile, first_column = blockIdx.x * tile;
  const int warp_row = warp / 2 * 32, warp_column = warp % 2 * 32;

  const auto start_copies = [&](int buffer, int begin) {
    for (int i = threadIdx.x; i < tile * chunks; i += blockDim.x) {
      const int row = i / chunks, column = i % chunks, to = place<variant>(row, column);
      copy_chunk(&a_tiles[buffer][to], a + (first_row + row) * k + begin + column * chunk);
      copy_chunk(&b_tiles[buffer][to], b + (first_column + row) * k + begin + column * chunk);
    }
    asm volatile("cp.async.commit_group;");
  };

  float sums[2][4][4] = {};
  start_copies(0, 0);
  int buffer = 0;
  for (int begin = 0; begin < k; begin += depth, buffer = 1 - buffer) {
    if (begin + depth < k) {
      start_copies(1 - buffer, begin + depth);
      wait_copies<variant == MatmulVariant::wait_too_weak ? 2 : 1>();
    } else {
      wait_copies<0>();
    }
    if constexpr (variant != MatmulVariant::no_barrier_before) __syncthreads();
    for (int step = 0; step < depth / 16; ++step) {
      unsigned a_fragments[2][4], b_fragments[2][4];
      for (int i = 0; i < 2; ++i) {
        const int row = lane % 16, column = step * 2 + lane / 16;
        load_fragments(a_fragments[i], &a_tiles[buffer][place<variant>(warp_row + i * 16 + row, column)]);
        const int b_row = lane % 8 + lane / 16 * 8, b_column = step * 2 + lane / 8 % 2;
        load_fragments(b_fragments[i],
                       &b_tiles[buffer][place<variant>(warp_column + i * 16 + b_row, b_column)]);
      }
      for (int i = 0; i < 2; ++i)
        for (int j = 0; j < 4; ++j)
          multiply(sums[i][j], a_fragments[i], b_fragments[j / 2][j % 2 * 2],
                   b_fragments[j / 2][j % 2 * 2 + 1]);
    }
    if constexpr (variant != MatmulVariant::no_barrier_after) __syncthreads();
  }

  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 4; ++j) {
      const int row = first_row + warp_row + i * 16 + lane / 4,
                column = first_column + warp_column + j * 8 + lane % 4 * 2;
      *reinterpret_cast<float2*>(&c[row * n + column]) = make_float2(sums[i][j][0], sums[i][j][1]);
      *reinterpret_cast<float2*>(&c[(row + 8) * n + column]) = make_float2(sums[i][j][2], sums[i][j][3]);
    }
}

template <MatmulVariant variant>
void launch(const uint16_t* a, const uint16_t* b, float* c, int m, int n, int k) {
  matmul_kernel<variant><<<dim3(n / tile, m / tile), 128>>>(
      reinterpret_cast<const __nv_bfloat16*>(a), reinterpret_cast<const __nv_bfloat16*>(b), c, n, k);
}

}  // namespace

void matmul_async(const uint16_t* a, const uint16_t* b, float* c, int m, int n, int k,
                  MatmulVariant variant) {
  switch (variant) {
    case MatmulVariant::correct: return launch<MatmulVariant::correct>(a, b, c, m, n, k);
    case MatmulVariant::not_swizzled: return launch<MatmulVariant::not_swizzled>(a, b, c, m, n, k);
    case MatmulVariant::wait_too_weak: return launch<MatmulVariant::wait_too_weak>(a, b, c, m, n, k);
    case MatmulVariant::no_barrier_before: return launch<MatmulVariant::no_barrier_before>(a, b, c, m, n, k);
    case MatmulVariant::no_barrier_after: return launch<MatmulVariant::no_barrier_after>(a, b, c, m, n, k);
  }
}

}  // namespace masktwins::tests

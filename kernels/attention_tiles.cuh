// The parts that attention by tensor cores is made of: tiles in shared memory, rows in registers, and the two
// products between them.
#pragma once

#include "kernels/attention_head.cuh"
#include "kernels/common/reduce.cuh"
#include "kernels/common/tensor_core.cuh"

namespace masktwins::kernels::cuda::attention_tiles {

constexpr int warps = 4, threads = 32 * warps;
constexpr int warp_rows = 16, own_rows = warp_rows * warps, other_rows = 32;
constexpr int chunk = 8;  // elements of 16 bytes

// Rows of a head in shared memory. Their chunks are swizzled, so that 8 rows of a matrix lie in different
// banks.
template <class T, int width, int rows>
struct Tile {
  alignas(128) T elements[rows * width];

  __device__ T* at(int row, int channel) {
    constexpr int chunks = width / chunk, rows_of_banks = 8 / chunks;
    return elements + row * width + ((channel / chunk) ^ (row / rows_of_banks % chunks)) * chunk;
  }
  // Starts the copies of rows first, first + 1, ...; beyond the last they are zero.
  __device__ void copy(const HeadRows<const T>& from, int first) {
    for (int i = threadIdx.x; i < rows * width / chunk; i += threads) {
      const int row = i / (width / chunk), channel = i % (width / chunk) * chunk;
      copy_async(at(row, channel),
                 first + row < from.count ? from.data + (first + row) * from.stride + channel : nullptr);
    }
  }
};

// 16 rows as factors on the left: one matrix per 16 channels.
template <int width>
struct Rows {
  unsigned matrices[width / 16][4];

  template <class T>
  __device__ Rows(Tile<T, width, own_rows>& tile, int first) {
    const int lane = threadIdx.x % 32;
#pragma unroll
    for (int i = 0; i < width / 16; ++i)
      load_matrices(matrices[i], tile.at(first + lane % 16, 16 * i + lane / 16 * 8));
  }
};

// 16 x 32 numbers: in registers [j][i], row lane / 4 (i = 0, 1) or 8 below it, column 8 j + lane % 4 * 2 + i
// % 2.
using Scores = float[other_rows / 8][4];
__device__ inline int column_of(int j, int i) {
  return 8 * j + static_cast<int>(threadIdx.x) % 4 * 2 + i % 2;
}

// scores = rows · tileᵀ
template <class T, int width>
__device__ void multiply(Scores& scores, const Rows<width>& rows, Tile<T, width, other_rows>& tile) {
  const int lane = threadIdx.x % 32;
#pragma unroll
  for (int j = 0; j < other_rows / 8; ++j)
#pragma unroll
    for (int i = 0; i < 4; ++i) scores[j][i] = 0;
#pragma unroll
  for (int k = 0; k < width / 16; ++k)
#pragma unroll
    for (int j = 0; j < other_rows / 16; ++j) {
      unsigned columns[4];
      load_matrices(columns, tile.at(16 * j + lane / 16 * 8 + lane % 8, 16 * k + lane / 8 % 2 * 8));
      multiply_add<T>(scores[2 * j], rows.matrices[k], columns[0], columns[1]);
      multiply_add<T>(scores[2 * j + 1], rows.matrices[k], columns[2], columns[3]);
    }
}

template <class T>
__device__ unsigned pair(float low, float high) {
  return T(low).bits | static_cast<unsigned>(T(high).bits) << 16;
}

// sums (16 x width) += scores · tile, with the scores rounded to T.
template <class T, int width>
__device__ void add_product(float (&sums)[width / 8][4], const Scores& scores,
                            Tile<T, width, other_rows>& tile) {
  const int lane = threadIdx.x % 32;
#pragma unroll
  for (int k = 0; k < other_rows / 16; ++k) {
    const unsigned rows[4] = {pair<T>(scores[2 * k][0], scores[2 * k][1]),
                              pair<T>(scores[2 * k][2], scores[2 * k][3]),
                              pair<T>(scores[2 * k + 1][0], scores[2 * k + 1][1]),
                              pair<T>(scores[2 * k + 1][2], scores[2 * k + 1][3])};
#pragma unroll
    for (int j = 0; j < width / 16; ++j) {
      unsigned columns[4];
      load_matrices_transposed(columns,
                               tile.at(16 * k + lane / 8 % 2 * 8 + lane % 8, 16 * j + lane / 16 * 8));
      multiply_add<T>(sums[2 * j], rows, columns[0], columns[1]);
      multiply_add<T>(sums[2 * j + 1], rows, columns[2], columns[3]);
    }
  }
}

// Writes 16 rows of results, factor[0] for the upper 8 and factor[1] for the lower, through the warp's own
// rows of a tile that is no longer needed, so that rows are written 16 bytes at a time.
template <class T, int width>
__device__ void write_rows(const HeadRows<T>& to, int first, const float (&sums)[width / 8][4],
                           const float (&factor)[2], Tile<T, width, own_rows>& tile, int first_in_tile) {
  const int lane = threadIdx.x % 32;
#pragma unroll
  for (int j = 0; j < width / 8; ++j)
#pragma unroll
    for (int half = 0; half < 2; ++half)
      *reinterpret_cast<unsigned*>(tile.at(first_in_tile + lane / 4 + 8 * half, 8 * j) + lane % 4 * 2) =
          pair<T>(factor[half] * sums[j][2 * half], factor[half] * sums[j][2 * half + 1]);
  __syncwarp();
  for (int i = lane; i < warp_rows * width / chunk; i += 32) {
    const int row = i / (width / chunk), channel = i % (width / chunk) * chunk;
    if (first + row < to.count)
      *reinterpret_cast<uint4*>(to.data + (first + row) * to.stride + channel) =
          *reinterpret_cast<const uint4*>(tile.at(first_in_tile + row, channel));
  }
}

// Over the 4 lanes that hold a row.
template <class F = Plus>
__device__ float row_reduce(float value, F combine = {}) {
  value = combine(value, __shfl_xor_sync(all_lanes, value, 1));
  return combine(value, __shfl_xor_sync(all_lanes, value, 2));
}

// Calls use(buffer, first row) for every tile of [begin, end); start(buffer, first row) starts its copies.
template <class Start, class Use>
__device__ void for_each_tile(int begin, int end, Start&& start, Use&& use) {
  start(0, begin);
  end_copy_group();
  int buffer = 0;
  for (int first = begin; first < end; first += other_rows, buffer = 1 - buffer) {
    if (first + other_rows < end) {
      start(1 - buffer, first + other_rows);
      end_copy_group();
      wait_for_copies<1>();
    } else {
      wait_for_copies<0>();
    }
    __syncthreads();
    use(buffer, first);
    __syncthreads();
  }
}

}  // namespace masktwins::kernels::cuda::attention_tiles

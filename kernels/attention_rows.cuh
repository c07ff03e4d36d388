// The parts that attention in float is made of: a block computes 32 rows of one head, and passes over the
// other side in tiles of 32. 8 threads share a row: each computes every 8th score of a tile and every 8th
// channel of a result.
#pragma once

#include "kernels/attention_head.cuh"
#include "kernels/common/reduce.cuh"

namespace masktwins::kernels::cuda::attention_rows {

constexpr int rows = 32;    // of a tile
constexpr int sharers = 8;  // threads of a row
constexpr int threads = rows * sharers;
constexpr int tile_channels = 64;  // at most
constexpr int own_channels = tile_channels / sharers;
constexpr int own_scores = rows / sharers;

// Rows of `width` numbers in shared memory, one more apart, so that 8 rows meet 8 banks.
struct Tile {
  float* numbers;
  int width;
  __device__ float& at(int row, int channel) const { return numbers[row * (width + 1) + channel]; }
};

// Shared memory of a block: tiles, then two squares of scores.
struct Memory {
  float* next;
  __device__ Tile tile(int width) {
    const Tile tile{next, width};
    next += rows * (width + 1);
    return tile;
  }
};
inline std::size_t shared_bytes(int64_t tiles, int64_t width) {
  return static_cast<std::size_t>(tiles * rows * (width + 1) + 2 * rows * (rows + 1)) * sizeof(float);
}

// Rows beyond the last are zero.
template <class T>
__device__ void load_tile(const Tile& tile, const HeadRows<T>& from, int first) {
  for (int i = threadIdx.x; i < rows * tile.width; i += threads) {
    const int row = i / tile.width, channel = i % tile.width;
    tile.at(row, channel) = first + row < from.count
                                ? static_cast<float>(from.data[(first + row) * from.stride + channel])
                                : 0.0f;
  }
}

inline __device__ float dot(const Tile& a, int a_row, const Tile& b, int b_row) {
  float sum = 0;
  for (int c = 0; c < a.width; ++c) sum += a.at(a_row, c) * b.at(b_row, c);
  return sum;
}

// Over the threads of a row.
template <class F = Plus>
__device__ float row_reduce(float value, F combine = {}) {
#pragma unroll
  for (int distance = sharers / 2; distance > 0; distance /= 2)
    value = combine(value, __shfl_xor_sync(all_lanes, value, distance));
  return value;
}

// The softmax of a row whose scores arrive tile by tile.
struct RowSoftmax {
  float largest = -INFINITY, sum = 0;

  // Scores become exponentials relative to the largest score so far. Returns the factor that makes what was
  // summed before relative to it, too.
  __device__ float add(float (&scores)[own_scores]) {
    float new_largest = largest;
#pragma unroll
    for (const float score : scores) new_largest = fmaxf(new_largest, score);
    new_largest = row_reduce(new_largest, Maximum{});
    const float correction = expf(largest - new_largest);
    largest = new_largest;
    sum *= correction;
#pragma unroll
    for (float& score : scores) {
      score = expf(score - largest);
      sum += score;
    }
    return correction;
  }
};

// sums[i] += sum over j of weights(row, j) * numbers(j, own channel i). The tile is summed for itself first:
// a long sum of short sums loses fewer bits.
inline __device__ void add_products(float (&sums)[own_channels], const Tile& weights, int row,
                                    const Tile& numbers, int sharer) {
  float tile_sums[own_channels] = {};
#pragma unroll 4  // all 32 at once would take more registers than there are
  for (int j = 0; j < rows; ++j) {
    const float weight = weights.at(row, j);
#pragma unroll
    for (int i = 0; i < own_channels; ++i) {
      const int channel = sharer + sharers * i;
      if (channel < numbers.width) tile_sums[i] += weight * numbers.at(j, channel);
    }
  }
#pragma unroll
  for (int i = 0; i < own_channels; ++i) sums[i] += tile_sums[i];
}

template <class T>
__device__ void write_row(const HeadRows<T>& to, int row, const float (&sums)[own_channels], float factor,
                          int width, int sharer) {
  if (row >= to.count) return;
#pragma unroll
  for (int i = 0; i < own_channels; ++i) {
    const int channel = sharer + sharers * i;
    if (channel < width) to.data[row * to.stride + channel] = static_cast<T>(factor * sums[i]);
  }
}

// P and dS of one query and one key, from what is known of the query.
struct Score {
  float p, ds;
  __device__ Score(float product, float d_product, float scale, float log_sum, float inner)
      : p(expf(scale * product - log_sum)), ds(p * (d_product - inner)) {}
};

inline dim3 grid_of(int64_t count, const AttentionShape& s, int slices = 1) {
  return dim3(static_cast<unsigned>((count + rows - 1) / rows), static_cast<unsigned>(s.batch * s.heads),
              static_cast<unsigned>(slices));
}

}  // namespace masktwins::kernels::cuda::attention_rows

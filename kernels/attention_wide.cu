// Rows of up to 256 channels do not fit into shared memory, so slices of 64 channels pass through it: scores
// are summed slice by slice, and each slice of a result has registers of its own. Both sides are read again
// for every tile, which the caches serve.
#include "kernels/attention_wide.h"

#include "kernels/attention_rows.cuh"

namespace masktwins::kernels::cuda {
namespace {

using namespace attention_rows;

constexpr int most_slices = static_cast<int>(most_head_channels) / tile_channels;

using Sums = float[most_slices][own_channels];

extern __shared__ float shared_slices[];

// A block's thread and its shared memory.
struct Block {
  int row = threadIdx.x / sharers, sharer = threadIdx.x % sharers;
  Memory memory{shared_slices};
  Tile a = memory.tile(tile_channels), b = memory.tile(tile_channels);
  __device__ Block() {}

  template <class T>
  __device__ static Tile load_slice(const Tile& tile, const HeadRows<const T>& from, int first, int channel,
                                    int width) {
    const Tile slice{tile.numbers, min(tile_channels, width - channel)};
    load_tile(slice, HeadRows<const T>{from.data + channel, from.stride, from.count}, first);
    return slice;
  }

  // products[i] = the own row of x, counted from first_x, times row sharer + 8 i of y.
  template <class T>
  __device__ void multiply(float (&products)[own_scores], const HeadRows<const T>& x, int first_x,
                           const HeadRows<const T>& y, int first_y, int width) const {
#pragma unroll
    for (float& product : products) product = 0;
    for (int channel = 0; channel < width; channel += tile_channels) {
      __syncthreads();  // nobody reads the slices before any more
      const Tile x_slice = load_slice(a, x, first_x, channel, width);
      const Tile y_slice = load_slice(b, y, first_y, channel, width);
      __syncthreads();
#pragma unroll
      for (int i = 0; i < own_scores; ++i) products[i] += dot(x_slice, row, y_slice, sharer + sharers * i);
    }
  }

  // sums += weights · the rows of y from first_y on.
  template <class T>
  __device__ void add(Sums& sums, const Tile& weights, const HeadRows<const T>& y, int first_y,
                      int width) const {
#pragma unroll
    for (int slice = 0; slice < most_slices; ++slice) {
      const int channel = slice * tile_channels;
      if (channel >= width) continue;
      __syncthreads();
      const Tile y_slice = load_slice(b, y, first_y, channel, width);
      __syncthreads();
      add_products(sums[slice], weights, row, y_slice, sharer);
    }
  }

  template <class T>
  __device__ void write(const HeadRows<T>& to, int first, const Sums& sums, float factor, int width) const {
#pragma unroll
    for (int slice = 0; slice < most_slices; ++slice) {
      const int channel = slice * tile_channels;
      write_row<T>({to.data + channel, to.stride, to.count}, first + row, sums[slice], factor,
                   min(tile_channels, width - channel), sharer);
    }
  }
};

// 2 blocks, here and for dq: without, ptxas spills registers on Blackwell.
template <class T>
__global__ void __launch_bounds__(threads, 2) attention_wide_kernel(AttentionArgs<T> args) {
  const int problem = blockIdx.y, first = static_cast<int>(blockIdx.x) * rows;
  const Head<T> head(args.shape, args.q, args.kv, problem);
  Block block;
  const int row = block.row, sharer = block.sharer;
  const Tile p = block.memory.tile(rows);
  const float scale = static_cast<float>(args.scale);
  RowSoftmax softmax;
  Sums o = {};
  for (int first_key = 0; first_key < head.k.count; first_key += rows) {
    float scores[own_scores];
    block.multiply(scores, head.q, first, head.k, first_key, head.width);
#pragma unroll
    for (int i = 0; i < own_scores; ++i) {
      scores[i] = first_key + sharer + sharers * i < head.k.count ? scale * scores[i] : -INFINITY;
    }
    const float correction = softmax.add(scores);
#pragma unroll
    for (auto& slice : o)
#pragma unroll
      for (float& value : slice) value *= correction;
#pragma unroll
    for (int i = 0; i < own_scores; ++i) p.at(row, sharer + sharers * i) = scores[i];
    block.add(o, p, head.v, first_key, head.width);
  }
  const float sum = row_reduce(softmax.sum);
  block.write(HeadRows<T>{args.o + head.o_first, head.q.stride, head.q.count}, first, o, 1 / sum, head.width);
  if (sharer == 0 && first + row < head.q.count)
    args.log_sum[int64_t{problem} * head.q.count + first + row] = softmax.largest + logf(sum);
}

template <class T>
__global__ void __launch_bounds__(threads, 2)
    attention_wide_dq_kernel(AttentionBackwardArgs<T> args, const float* inner) {
  const int problem = blockIdx.y, first = static_cast<int>(blockIdx.x) * rows;
  const Head<T> head(args.shape, args.q, args.kv, problem);
  Block block;
  const int row = block.row, sharer = block.sharer;
  const Tile ds = block.memory.tile(rows);
  const HeadRows<const T> d_o{args.d_o + head.o_first, head.q.stride, head.q.count};
  const float scale = static_cast<float>(args.scale);
  const int64_t query = int64_t{problem} * head.q.count + min(first + row, head.q.count - 1);
  const float log_sum = args.log_sum[query], own_inner = inner[query];
  Sums dq = {};
  for (int first_key = 0; first_key < head.k.count; first_key += rows) {
    float products[own_scores], d_products[own_scores];
    block.multiply(products, head.q, first, head.k, first_key, head.width);
    block.multiply(d_products, d_o, first, head.v, first_key, head.width);
#pragma unroll
    for (int i = 0; i < own_scores; ++i) {
      const int j = sharer + sharers * i;
      const Score score(products[i], d_products[i], scale, log_sum, own_inner);
      ds.at(row, j) = first_key + j < head.k.count ? score.ds : 0.0f;
    }
    block.add(dq, ds, head.k, first_key, head.width);
  }
  block.write(HeadRows<T>{args.dq + head.o_first, head.q.stride, head.q.count}, first, dq, scale, head.width);
}

// Rows are keys. A block passes over one slice of the queries, and writes its part of the sums over them.
template <class T>
__global__ void __launch_bounds__(threads)
    attention_wide_dkv_kernel(AttentionBackwardArgs<T> args, const float* inner, int slice, float* partial) {
  const int problem = blockIdx.y, first = static_cast<int>(blockIdx.x) * rows;
  const Head<T> head(args.shape, args.q, args.kv, problem);
  Block block;
  const int row = block.row, sharer = block.sharer;
  const Tile p = block.memory.tile(rows), ds = block.memory.tile(rows);
  const HeadRows<const T> d_o{args.d_o + head.o_first, head.q.stride, head.q.count};
  const float scale = static_cast<float>(args.scale);
  const int begin = static_cast<int>(blockIdx.z) * slice, end = min(head.q.count, begin + slice);
  Sums dk = {}, dv = {};
  for (int first_query = begin; first_query < end; first_query += rows) {
    float products[own_scores], d_products[own_scores];
    block.multiply(products, head.k, first, head.q, first_query, head.width);
    block.multiply(d_products, head.v, first, d_o, first_query, head.width);
#pragma unroll
    for (int i = 0; i < own_scores; ++i) {
      const int j = sharer + sharers * i;
      const int64_t query = int64_t{problem} * head.q.count + min(first_query + j, head.q.count - 1);
      const Score score(products[i], d_products[i], scale, args.log_sum[query], inner[query]);
      const bool exists = first_query + j < end;
      p.at(row, j) = exists ? score.p : 0.0f;
      ds.at(row, j) = exists ? score.ds : 0.0f;
    }
    block.add(dv, p, d_o, first_query, head.width);
    block.add(dk, ds, head.q, first_query, head.width);
  }
  const int64_t channels = args.shape.heads * args.shape.width;
  float* dk_first =
      partial + (blockIdx.z * args.shape.batch + head.sample) * head.k.count * 2 * channels + head.channel;
  block.write(HeadRows<float>{dk_first, 2 * channels, head.k.count}, first, dk, scale, head.width);
  block.write(HeadRows<float>{dk_first + channels, 2 * channels, head.k.count}, first, dv, 1, head.width);
}

// Of two slices and so many squares of scores.
std::size_t block_bytes(int64_t squares) {
  return static_cast<std::size_t>(2 * rows * (tile_channels + 1) + squares * rows * (rows + 1)) *
         sizeof(float);
}

}  // namespace

template <class T>
void attention_wide(const AttentionArgs<T>& args) {
  const AttentionShape& s = args.shape;
  launch("attention_wide", attention_wide_kernel<T>, grid_of(s.queries, s), threads, block_bytes(1))(args);
}

template <class T>
void attention_backward_wide(const AttentionBackwardArgs<T>& args, const float* inner, int slice,
                             float* partial) {
  const AttentionShape& s = args.shape;
  const int slices = static_cast<int>((s.queries + slice - 1) / slice);
  launch("attention_wide_dq", attention_wide_dq_kernel<T>, grid_of(s.queries, s), threads, block_bytes(1))(
      args, inner);
  launch("attention_wide_dkv", attention_wide_dkv_kernel<T>, grid_of(s.keys, s, slices), threads,
         block_bytes(2))(args, inner, slice, partial);
}

template void attention_wide(const AttentionArgs<float>&);
template void attention_wide(const AttentionArgs<bfloat16>&);
template void attention_wide(const AttentionArgs<float16>&);
template void attention_backward_wide(const AttentionBackwardArgs<float>&, const float*, int, float*);
template void attention_backward_wide(const AttentionBackwardArgs<bfloat16>&, const float*, int, float*);
template void attention_backward_wide(const AttentionBackwardArgs<float16>&, const float*, int, float*);

}  // namespace masktwins::kernels::cuda

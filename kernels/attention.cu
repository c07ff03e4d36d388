// Attention in float, for any head of at most 64 channels (16-bit elements of usual heads go to
// attention_tensor_cores.cu, wider heads to attention_wide.cu): a block keeps its rows in shared memory while
// it passes over the other side (Dao et al. 2022). Rows are queries where o and dq are computed, keys where
// dk and dv are.
#include "kernels/attention.h"

#include <stdexcept>

#include "kernels/attention_rows.cuh"
#include "kernels/attention_tensor_cores.h"
#include "kernels/attention_wide.h"
#include "kernels/course/product.cuh"

namespace masktwins::kernels::cuda {
namespace {

using namespace attention_rows;

extern __shared__ float shared_numbers[];

// 4 blocks: ptxas aims at more by itself, and then spills registers on Blackwell.
template <class T>
__global__ void __launch_bounds__(threads, 4) attention_kernel(AttentionArgs<T> args) {
  const int problem = blockIdx.y, first = static_cast<int>(blockIdx.x) * rows;
  const int row = threadIdx.x / sharers, sharer = threadIdx.x % sharers;
  const Head<T> head(args.shape, args.q, args.kv, problem);
  Memory memory{shared_numbers};
  const Tile q = memory.tile(head.width), k = memory.tile(head.width), v = memory.tile(head.width),
             p = memory.tile(rows);
  const float scale = static_cast<float>(args.scale);
  load_tile(q, head.q, first);
  RowSoftmax softmax;
  float o[own_channels] = {};
  for (int first_key = 0; first_key < head.k.count; first_key += rows) {
    load_tile(k, head.k, first_key);
    load_tile(v, head.v, first_key);
    __syncthreads();
    float scores[own_scores];
#pragma unroll
    for (int i = 0; i < rows / sharers; ++i) {
      const int j = sharer + sharers * i;
      scores[i] = first_key + j < head.k.count ? scale * dot(q, row, k, j) : -INFINITY;
    }
    const float correction = softmax.add(scores);
#pragma unroll
    for (float& value : o) value *= correction;
#pragma unroll
    for (int i = 0; i < own_scores; ++i) p.at(row, sharer + sharers * i) = scores[i];
    __syncwarp();
    add_products(o, p, row, v, sharer);
    __syncthreads();
  }
  const float sum = row_reduce(softmax.sum);
  write_row<T>({args.o + head.o_first, head.q.stride, head.q.count}, first + row, o, 1 / sum, head.width,
               sharer);
  if (sharer == 0 && first + row < head.q.count)
    args.log_sum[int64_t{problem} * head.q.count + first + row] = softmax.largest + logf(sum);
}

// inner[row] = sum over the head's channels of dO * O.
template <class T>
__global__ void __launch_bounds__(threads)
    inner_products_kernel(AttentionBackwardArgs<T> args, float* inner) {
  const int problem = blockIdx.y, row = static_cast<int>(blockIdx.x) * rows + threadIdx.x / sharers;
  const Head<T> head(args.shape, args.q, args.kv, problem);
  float sum = 0;
  if (row < head.q.count)
    for (int c = threadIdx.x % sharers; c < head.width; c += sharers) {
      const int64_t at = head.o_first + row * head.q.stride + c;
      sum += static_cast<float>(args.d_o[at]) * static_cast<float>(args.o[at]);
    }
  sum = row_reduce(sum);
  if (threadIdx.x % sharers == 0 && row < head.q.count) inner[int64_t{problem} * head.q.count + row] = sum;
}

template <class T>
__global__ void __launch_bounds__(threads)
    attention_dq_kernel(AttentionBackwardArgs<T> args, const float* inner) {
  const int problem = blockIdx.y, first = static_cast<int>(blockIdx.x) * rows;
  const int row = threadIdx.x / sharers, sharer = threadIdx.x % sharers;
  const Head<T> head(args.shape, args.q, args.kv, problem);
  Memory memory{shared_numbers};
  const Tile q = memory.tile(head.width), d_o = memory.tile(head.width), k = memory.tile(head.width),
             v = memory.tile(head.width), ds = memory.tile(rows);
  const float scale = static_cast<float>(args.scale);
  load_tile(q, head.q, first);
  load_tile(d_o, HeadRows<const T>{args.d_o + head.o_first, head.q.stride, head.q.count}, first);
  const int64_t query = int64_t{problem} * head.q.count + min(first + row, head.q.count - 1);
  const float log_sum = args.log_sum[query], own_inner = inner[query];
  float dq[own_channels] = {};
  for (int first_key = 0; first_key < head.k.count; first_key += rows) {
    load_tile(k, head.k, first_key);
    load_tile(v, head.v, first_key);
    __syncthreads();
#pragma unroll
    for (int i = 0; i < rows / sharers; ++i) {
      const int j = sharer + sharers * i;
      const Score score(dot(q, row, k, j), dot(d_o, row, v, j), scale, log_sum, own_inner);
      ds.at(row, j) = first_key + j < head.k.count ? score.ds : 0.0f;
    }
    __syncwarp();
    add_products(dq, ds, row, k, sharer);
    __syncthreads();
  }
  write_row<T>({args.dq + head.o_first, head.q.stride, head.q.count}, first + row, dq, scale, head.width,
               sharer);
}

// Rows are keys. A block passes over one slice of the queries, and writes its part of the sums over them.
template <class T>
__global__ void __launch_bounds__(threads)
    attention_dkv_kernel(AttentionBackwardArgs<T> args, const float* inner, int slice, float* partial) {
  const int problem = blockIdx.y, first = static_cast<int>(blockIdx.x) * rows;
  const int row = threadIdx.x / sharers, sharer = threadIdx.x % sharers;
  const Head<T> head(args.shape, args.q, args.kv, problem);
  Memory memory{shared_numbers};
  const Tile k = memory.tile(head.width), v = memory.tile(head.width), q = memory.tile(head.width),
             d_o = memory.tile(head.width), p = memory.tile(rows), ds = memory.tile(rows);
  const float scale = static_cast<float>(args.scale);
  load_tile(k, head.k, first);
  load_tile(v, head.v, first);
  const int begin = static_cast<int>(blockIdx.z) * slice, end = min(head.q.count, begin + slice);
  float dk[own_channels] = {}, dv[own_channels] = {};
  for (int first_query = begin; first_query < end; first_query += rows) {
    load_tile(q, head.q, first_query);
    load_tile(d_o, HeadRows<const T>{args.d_o + head.o_first, head.q.stride, head.q.count}, first_query);
    __syncthreads();
#pragma unroll
    for (int i = 0; i < rows / sharers; ++i) {
      const int j = sharer + sharers * i;
      const int64_t query = int64_t{problem} * head.q.count + min(first_query + j, head.q.count - 1);
      const Score score(dot(k, row, q, j), dot(v, row, d_o, j), scale, args.log_sum[query], inner[query]);
      const bool exists = first_query + j < end;
      p.at(row, j) = exists ? score.p : 0.0f;
      ds.at(row, j) = exists ? score.ds : 0.0f;
    }
    __syncwarp();
    add_products(dv, p, row, d_o, sharer);
    add_products(dk, ds, row, q, sharer);
    __syncthreads();
  }
  const int64_t channels = args.shape.heads * args.shape.width;
  float* dk_first =
      partial + (blockIdx.z * args.shape.batch + head.sample) * head.k.count * 2 * channels + head.channel;
  write_row<float>({dk_first, 2 * channels, head.k.count}, first + row, dk, scale, head.width, sharer);
  write_row<float>({dk_first + channels, 2 * channels, head.k.count}, first + row, dv, 1, head.width, sharer);
}

void require_possible_heads(const AttentionShape& s) {
  if (s.width > most_head_channels)
    throw std::runtime_error("cuda: attention: heads of " + std::to_string(s.width) + " channels, at most " +
                             std::to_string(most_head_channels) + " are possible; use more heads");
}

}  // namespace

template <class T>
void attention(const AttentionArgs<T>& args) {
  const AttentionShape& s = args.shape;
  if (s.batch == 0 || s.queries == 0) return;
  require_possible_heads(s);
  if constexpr (is_16bit_float<T>)
    if (attention_tensor_cores(args)) return;
  if (s.width > tile_channels) return attention_wide(args);
  launch("attention", attention_kernel<T>, grid_of(s.queries, s), threads, shared_bytes(3, s.width))(args);
}

template <class T>
void attention_backward(const AttentionBackwardArgs<T>& args) {
  const AttentionShape& s = args.shape;
  const int64_t kv_count = s.batch * s.keys * 2 * s.heads * s.width;
  if (s.batch == 0) return;
  if (s.queries == 0) return clear(args.dkv, static_cast<std::size_t>(kv_count) * sizeof(T));
  require_possible_heads(s);
  const DeviceScratch<float> inner(s.batch * s.heads * s.queries);
  launch("attention_inner", inner_products_kernel<T>, grid_of(s.queries, s), threads)(args, inner.data());
  // There are few keys and many queries: slices of the queries fill the device. Their number depends on the
  // shape alone, so that a repeated call repeats every bit.
  constexpr int slice = 512;
  const int slices = static_cast<int>((s.queries + slice - 1) / slice);
  const DeviceScratch<float> partial(slices * kv_count);
  bool computed = false;
  if constexpr (is_16bit_float<T>)
    computed = attention_backward_tensor_cores(args, inner.data(), slice, partial.data());
  if (!computed && s.width > tile_channels) {
    attention_backward_wide(args, inner.data(), slice, partial.data());
  } else if (!computed) {
    launch("attention_dq", attention_dq_kernel<T>, grid_of(s.queries, s), threads, shared_bytes(4, s.width))(
        args, inner.data());
    launch("attention_dkv", attention_dkv_kernel<T>, grid_of(s.keys, s, slices), threads,
           shared_bytes(4, s.width))(args, inner.data(), slice, partial.data());
  }
  launch("add_slices", add_splits_kernel<T>, blocks_for(kv_count, threads_per_block), threads_per_block)(
      partial.data(), slices, kv_count,
      make_store(args.dkv, checked_int(s.batch * s.keys), checked_int(2 * s.heads * s.width)));
}

template void attention(const AttentionArgs<float>&);
template void attention(const AttentionArgs<bfloat16>&);
template void attention(const AttentionArgs<float16>&);
template void attention_backward(const AttentionBackwardArgs<float>&);
template void attention_backward(const AttentionBackwardArgs<bfloat16>&);
template void attention_backward(const AttentionBackwardArgs<float16>&);

}  // namespace masktwins::kernels::cuda

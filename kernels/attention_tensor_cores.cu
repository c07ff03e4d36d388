// A block computes 64 rows of one head, 16 per warp, and passes over the other side in tiles of 32 rows,
// which are copied (cp.async) into one pair of buffers while the other is used. Scores never leave the
// registers: the sum of one product, 16 x 8 per instruction, is laid out as a factor of the next (Dao 2023,
// "FlashAttention-2").
#include "kernels/attention_tensor_cores.h"

#include "kernels/attention_tiles.cuh"
#include "kernels/common/pack.cuh"
#include "kernels/vendor/libraries.h"

namespace masktwins::kernels::cuda {
namespace {

using namespace attention_tiles;

template <class T, int width>
__global__ void __launch_bounds__(threads) attention_kernel(AttentionArgs<T> args) {
  if constexpr (has_tensor_cores) {
    __shared__ Tile<T, width, own_rows> q_tile;
    __shared__ Tile<T, width, other_rows> k_tiles[2], v_tiles[2];
    const int problem = blockIdx.y, lane = threadIdx.x % 32, warp_first = threadIdx.x / 32 * warp_rows;
    const int first = static_cast<int>(blockIdx.x) * own_rows + warp_first;
    const Head<T> head(args.shape, args.q, args.kv, problem);
    const float scale = static_cast<float>(args.scale);
    q_tile.copy(head.q, first - warp_first);
    end_copy_group();
    wait_for_copies<0>();
    __syncthreads();
    const Rows<width> q(q_tile, warp_first);
    float largest[2] = {-INFINITY, -INFINITY}, sum[2] = {}, o[width / 8][4] = {};
    for_each_tile(
        0, head.k.count,
        [&](int buffer, int first_key) {
          k_tiles[buffer].copy(head.k, first_key);
          v_tiles[buffer].copy(head.v, first_key);
        },
        [&](int buffer, int first_key) {
          Scores scores;
          multiply(scores, q, k_tiles[buffer]);
#pragma unroll
          for (int half = 0; half < 2; ++half) {
            float new_largest = largest[half];
#pragma unroll
            for (int j = 0; j < other_rows / 8; ++j)
#pragma unroll
              for (int i = 2 * half; i < 2 * half + 2; ++i) {
                scores[j][i] = first_key + column_of(j, i) < head.k.count ? scale * scores[j][i] : -INFINITY;
                new_largest = fmaxf(new_largest, scores[j][i]);
              }
            new_largest = row_reduce(new_largest, Maximum{});
            // What was summed so far is relative to the old largest score.
            const float correction = expf(largest[half] - new_largest);
            largest[half] = new_largest;
            sum[half] *= correction;
#pragma unroll
            for (int j = 0; j < width / 8; ++j) {
              o[j][2 * half] *= correction;
              o[j][2 * half + 1] *= correction;
            }
#pragma unroll
            for (int j = 0; j < other_rows / 8; ++j)
#pragma unroll
              for (int i = 2 * half; i < 2 * half + 2; ++i) {
                scores[j][i] = expf(scores[j][i] - new_largest);
                sum[half] += scores[j][i];
              }
          }
          add_product(o, scores, v_tiles[buffer]);
        });
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      sum[half] = row_reduce(sum[half]);
      const int row = first + lane / 4 + 8 * half;
      if (lane % 4 == 0 && row < head.q.count)
        args.log_sum[int64_t{problem} * head.q.count + row] = largest[half] + logf(sum[half]);
    }
    write_rows(HeadRows<T>{args.o + head.o_first, head.q.stride, head.q.count}, first, o,
               {1 / sum[0], 1 / sum[1]}, q_tile, warp_first);
  } else {
    __trap();
  }
}

template <class T, int width>
__global__ void __launch_bounds__(threads)
    attention_dq_kernel(AttentionBackwardArgs<T> args, const float* inner) {
  if constexpr (has_tensor_cores) {
    __shared__ Tile<T, width, own_rows> q_tile, d_o_tile;
    __shared__ Tile<T, width, other_rows> k_tiles[2], v_tiles[2];
    const int problem = blockIdx.y, lane = threadIdx.x % 32, warp_first = threadIdx.x / 32 * warp_rows;
    const int first = static_cast<int>(blockIdx.x) * own_rows + warp_first;
    const Head<T> head(args.shape, args.q, args.kv, problem);
    const float scale = static_cast<float>(args.scale);
    q_tile.copy(head.q, first - warp_first);
    d_o_tile.copy({args.d_o + head.o_first, head.q.stride, head.q.count}, first - warp_first);
    end_copy_group();
    wait_for_copies<0>();
    __syncthreads();
    const Rows<width> q(q_tile, warp_first), d_o(d_o_tile, warp_first);
    float log_sum[2], own_inner[2];
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int row = min(first + lane / 4 + 8 * half, head.q.count - 1);
      log_sum[half] = args.log_sum[int64_t{problem} * head.q.count + row];
      own_inner[half] = inner[int64_t{problem} * head.q.count + row];
    }
    float dq[width / 8][4] = {};
    for_each_tile(
        0, head.k.count,
        [&](int buffer, int first_key) {
          k_tiles[buffer].copy(head.k, first_key);
          v_tiles[buffer].copy(head.v, first_key);
        },
        [&](int buffer, int first_key) {
          Scores scores, d_p;
          multiply(scores, q, k_tiles[buffer]);
          multiply(d_p, d_o, v_tiles[buffer]);
#pragma unroll
          for (int j = 0; j < other_rows / 8; ++j)
#pragma unroll
            for (int i = 0; i < 4; ++i) {
              const float p = expf(scale * scores[j][i] - log_sum[i / 2]);
              scores[j][i] =
                  first_key + column_of(j, i) < head.k.count ? p * (d_p[j][i] - own_inner[i / 2]) : 0.0f;
            }
          add_product(dq, scores, k_tiles[buffer]);
        });
    write_rows(HeadRows<T>{args.dq + head.o_first, head.q.stride, head.q.count}, first, dq, {scale, scale},
               q_tile, warp_first);
  } else {
    __trap();
  }
}

// Rows are keys, columns queries; a block passes over one slice of the queries. The 2 resident blocks are
// what the compiler may assume, lest it saves registers for more and spills.
template <class T, int width>
__global__ void __launch_bounds__(threads, 2)
    attention_dkv_kernel(AttentionBackwardArgs<T> args, const float* inner, int slice, float* partial) {
  if constexpr (has_tensor_cores) {
    __shared__ Tile<T, width, own_rows> k_tile, v_tile;
    __shared__ Tile<T, width, other_rows> q_tiles[2], d_o_tiles[2];
    const int problem = blockIdx.y, lane = threadIdx.x % 32, warp_first = threadIdx.x / 32 * warp_rows;
    const int first = static_cast<int>(blockIdx.x) * own_rows + warp_first;
    const Head<T> head(args.shape, args.q, args.kv, problem);
    const float scale = static_cast<float>(args.scale);
    k_tile.copy(head.k, first - warp_first);
    v_tile.copy(head.v, first - warp_first);
    end_copy_group();
    wait_for_copies<0>();
    __syncthreads();
    const Rows<width> k(k_tile, warp_first), v(v_tile, warp_first);
    const int begin = static_cast<int>(blockIdx.z) * slice, end = min(head.q.count, begin + slice);
    float dk[width / 8][4] = {}, dv[width / 8][4] = {};
    for_each_tile(
        begin, end,
        [&](int buffer, int first_query) {
          q_tiles[buffer].copy(head.q, first_query);
          d_o_tiles[buffer].copy({args.d_o + head.o_first, head.q.stride, head.q.count}, first_query);
        },
        [&](int buffer, int first_query) {
          Scores p, ds;
          multiply(p, k, q_tiles[buffer]);
          multiply(ds, v, d_o_tiles[buffer]);
#pragma unroll
          for (int j = 0; j < other_rows / 8; ++j)
#pragma unroll
            for (int i = 0; i < 4; ++i) {
              const int query = first_query + column_of(j, i);
              const int64_t at = int64_t{problem} * head.q.count + min(query, head.q.count - 1);
              p[j][i] = query < end ? expf(scale * p[j][i] - args.log_sum[at]) : 0.0f;
              ds[j][i] = p[j][i] * (ds[j][i] - inner[at]);
            }
          add_product(dv, p, d_o_tiles[buffer]);
          add_product(dk, ds, q_tiles[buffer]);
        });
    const int64_t channels = args.shape.heads * args.shape.width;
    float* own =
        partial + (blockIdx.z * args.shape.batch + head.sample) * head.k.count * 2 * channels + head.channel;
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int row = first + lane / 4 + 8 * half;
      if (row >= head.k.count) continue;
#pragma unroll
      for (int j = 0; j < width / 8; ++j) {
        float* to = own + row * 2 * channels + column_of(j, 0);
        *reinterpret_cast<float2*>(to) = make_float2(scale * dk[j][2 * half], scale * dk[j][2 * half + 1]);
        *reinterpret_cast<float2*>(to + channels) = make_float2(dv[j][2 * half], dv[j][2 * half + 1]);
      }
    }
  } else {
    __trap();
  }
}

// Calls body with the head's width as a constant, if there are kernels for it.
template <class Body>
bool with_width(int64_t width, Body&& body) {
  if (width == 16) body(std::integral_constant<int, 16>{});
  else if (width == 32) body(std::integral_constant<int, 32>{});
  else if (width == 64) body(std::integral_constant<int, 64>{});
  else return false;
  return true;
}

dim3 grid_of(int64_t count, const AttentionShape& s, int64_t slices = 1) {
  return dim3(static_cast<unsigned>((count + own_rows - 1) / own_rows),
              static_cast<unsigned>(s.batch * s.heads), static_cast<unsigned>(slices));
}

}  // namespace

template <class T>
bool attention_tensor_cores(const AttentionArgs<T>& args) {
  const AttentionShape& s = args.shape;
  if (!device_has_tensor_cores() || !pack_aligned(args.q, args.kv, args.o)) return false;
  return with_width(s.width, [&](auto width) {
    launch("attention", attention_kernel<T, width>, grid_of(s.queries, s), threads)(args);
  });
}

template <class T>
bool attention_backward_tensor_cores(const AttentionBackwardArgs<T>& args, const float* inner, int slice,
                                     float* partial) {
  const AttentionShape& s = args.shape;
  if (!device_has_tensor_cores() || !pack_aligned(args.q, args.kv, args.d_o, args.dq)) return false;
  return with_width(s.width, [&](auto width) {
    launch("attention_dq", attention_dq_kernel<T, width>, grid_of(s.queries, s), threads)(args, inner);
    launch("attention_dkv", attention_dkv_kernel<T, width>,
           grid_of(s.keys, s, (s.queries + slice - 1) / slice), threads)(args, inner, slice, partial);
  });
}

template bool attention_tensor_cores(const AttentionArgs<bfloat16>&);
template bool attention_tensor_cores(const AttentionArgs<float16>&);
template bool attention_backward_tensor_cores(const AttentionBackwardArgs<bfloat16>&, const float*, int,
                                              float*);
template bool attention_backward_tensor_cores(const AttentionBackwardArgs<float16>&, const float*, int,
                                              float*);

}  // namespace masktwins::kernels::cuda

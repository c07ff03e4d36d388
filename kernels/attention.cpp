#include "kernels/attention.h"

#include <algorithm>

#include "kernels/common/exp_log.h"
#include "kernels/common/parallel.h"
#include "kernels/common/scratch.h"
#include "kernels/gemm.h"

namespace masktwins::kernels::cpu {
namespace {

constexpr int64_t most_tile_rows = 96;

// Query rows of a tile: their scores over all keys fill a part of the second-level cache.
template <class T>
int64_t tile_rows(int64_t padded_keys) {
  return std::clamp<int64_t>((int64_t{128} << 10) / (padded_keys * int64_t{sizeof(T)}) / 12 * 12, 12,
                             most_tile_rows);
}

// A matrix of `width` columns per head inside wider rows, (rows, columns) with row stride `row`.
template <class T>
struct HeadView {
  const T* data;
  int64_t row;
};

// The operands of one (sample, head).
template <class T>
struct Head {
  HeadView<T> q, k, v;
  int64_t channel;  // first one of this head in q and o

  Head(const AttentionShape& s, const T* q_data, const T* kv_data, int64_t sample, int64_t head)
      : channel(head * s.width) {
    const int64_t channels = s.heads * s.width;
    q = {q_data + sample * s.queries * channels + channel, channels};
    k = {kv_data + sample * s.keys * 2 * channels + channel, 2 * channels};
    v = {k.data + channels, 2 * channels};
  }
};

// Keys as panels of the (width x keys) matrix K^T, values likewise transposed for dO V^T.
template <class T>
void pack_transposed(const AttentionShape& s, const HeadView<T>& m, T* panels) {
  pack_panels(s.width, s.keys, m.data, int64_t{1}, m.row, panels);
}
// Panels of the (keys x width) matrix itself.
template <class T>
void pack_plain(const AttentionShape& s, const HeadView<T>& m, T* panels) {
  pack_panels(s.keys, s.width, m.data, m.row, int64_t{1}, panels);
}

// c (rows, padded columns) = a (rows, k) · b with b in panels.
template <class T>
void multiply(int64_t rows, int64_t columns, int64_t k, const T* a, int64_t a_row, const T* panels, T* c) {
  const int64_t padded = padded_columns<T>(columns);
  gemm<T>({.m = rows,
           .n = padded,
           .k = k,
           .a = a,
           .a_row = a_row,
           .a_column = 1,
           .b = panels,
           .c = c,
           .c_row = padded});
}

template <class T>
void copy_rows(int64_t rows, int64_t columns, const T* from, int64_t from_row, T* to, int64_t to_row) {
  for (int64_t i = 0; i < rows; ++i) std::copy_n(from + i * from_row, columns, to + i * to_row);
}

// One row of scores becomes exp(scale * (score - largest)); returns the sum, and the largest scaled score.
template <class T>
T exponentiate(T* row, int64_t keys, T scale, T& largest_scaled) {
  T largest = row[0];
#pragma omp simd reduction(max : largest)
  for (int64_t j = 0; j < keys; ++j) largest = row[j] > largest ? row[j] : largest;
  largest_scaled = largest * scale;
  T sum{};
#pragma omp simd reduction(+ : sum)
  for (int64_t j = 0; j < keys; ++j) {
    row[j] = exp_nonpositive(scale * (row[j] - largest));
    sum += row[j];
  }
  return sum;
}

}  // namespace

template <class T>
void attention(const AttentionArgs<T>& args) {
  const AttentionShape& s = args.shape;
  const int64_t padded_keys = padded_columns<T>(s.keys), padded_width = padded_columns<T>(s.width);
  const int64_t rows_per_tile = tile_rows<T>(padded_keys);
  const int64_t key_panels = s.width * padded_keys, value_panels = s.keys * padded_width;
  const int64_t problems = s.batch * s.heads;
  const Scratch<T> keys(problems * key_panels), values(problems * value_panels);
  parallel_for(problems, 1, [&](int64_t p, int64_t) {
    const Head<T> head(s, args.q, args.kv, p / s.heads, p % s.heads);
    pack_transposed(s, head.k, keys.data() + p * key_panels);
    pack_plain(s, head.v, values.data() + p * value_panels);
  });

  const int64_t tiles = ceil_div(s.queries, rows_per_tile);
  parallel_for(problems * tiles, 1, [&](int64_t task, int64_t) {
    const int64_t p = task / tiles, first = task % tiles * rows_per_tile;
    const int64_t rows = std::min(rows_per_tile, s.queries - first);
    const Head<T> head(s, args.q, args.kv, p / s.heads, p % s.heads);
    const Scratch<T> scores(rows * padded_keys), results(rows * padded_width);
    multiply(rows, s.keys, s.width, head.q.data + first * head.q.row, head.q.row,
             keys.data() + p * key_panels, scores.data());
    T sums[most_tile_rows];
    for (int64_t i = 0; i < rows; ++i) {
      T largest;
      sums[i] = exponentiate(scores.data() + i * padded_keys, s.keys, static_cast<T>(args.scale), largest);
      args.log_sum[p * s.queries + first + i] = largest + log_at_least_one(sums[i]);
    }
    multiply(rows, s.width, s.keys, scores.data(), padded_keys, values.data() + p * value_panels,
             results.data());
    T* o = args.o + ((p / s.heads) * s.queries + first) * head.q.row + head.channel;
    for (int64_t i = 0; i < rows; ++i) {
      const T share = T{1} / sums[i];
      for (int64_t c = 0; c < s.width; ++c)
        o[i * head.q.row + c] = share * results.data()[i * padded_width + c];
    }
  });
}

namespace {

// Backward of one slice of the queries of one head: writes their dq, and adds to dk and dv (keys, padded
// width) in the order of tiles.
template <class T>
class BackwardSlice {
 public:
  BackwardSlice(const AttentionBackwardArgs<T>& args, int64_t problem)
      : args_(args),
        s_(args.shape),
        problem_(problem),
        head_(s_, args.q, args.kv, problem / s_.heads, problem % s_.heads),
        padded_keys_(padded_columns<T>(s_.keys)),
        padded_width_(padded_columns<T>(s_.width)),
        tile_(tile_rows<T>(padded_keys_)),
        keys_transposed_(s_.width * padded_keys_),
        values_transposed_(s_.width * padded_keys_),
        keys_(s_.keys * padded_width_),
        p_(tile_ * padded_keys_),
        ds_(tile_ * padded_keys_),
        rows_(tile_ * padded_width_) {
    pack_transposed(s_, head_.k, keys_transposed_.data());
    pack_transposed(s_, head_.v, values_transposed_.data());
    pack_plain(s_, head_.k, keys_.data());
  }

  void run(int64_t begin, int64_t end, T* dk, T* dv) {
    for (int64_t first = begin; first < end; first += tile_)
      run_tile(first, std::min(tile_, end - first), dk, dv);
  }

 private:
  void run_tile(int64_t first, int64_t rows, T* dk, T* dv) {
    const int64_t stride = head_.q.row;
    const int64_t offset = (problem_ / s_.heads * s_.queries + first) * stride + head_.channel;
    const T* q = args_.q + offset;
    const T* d_o = args_.d_o + offset;
    const T* log_sum = args_.log_sum + problem_ * s_.queries + first;
    const T scale = static_cast<T>(args_.scale);
    multiply(rows, s_.keys, s_.width, q, stride, keys_transposed_.data(), p_.data());
    multiply(rows, s_.keys, s_.width, d_o, stride, values_transposed_.data(), ds_.data());
    for (int64_t i = 0; i < rows; ++i) {
      T agreement{};  // rowsum(dO * O)
      for (int64_t c = 0; c < s_.width; ++c)
        agreement += d_o[i * stride + c] * args_.o[offset + i * stride + c];
      T* p = p_.data() + i * padded_keys_;
      T* ds = ds_.data() + i * padded_keys_;
#pragma omp simd
      for (int64_t j = 0; j < s_.keys; ++j) {
        p[j] = exp_nonpositive(scale * p[j] - log_sum[i]);
        ds[j] = scale * p[j] * (ds[j] - agreement);
      }
    }
    multiply(rows, s_.width, s_.keys, ds_.data(), padded_keys_, keys_.data(), rows_.data());
    copy_rows(rows, s_.width, rows_.data(), padded_width_, args_.dq + offset, stride);
    add_transposed_product(rows, p_.data(), d_o, dv);
    add_transposed_product(rows, ds_.data(), q, dk);
  }

  // sum (keys, padded width) += a^T (keys, rows) · b (rows, width).
  void add_transposed_product(int64_t rows, const T* a, const T* b, T* sum) {
    pack_panels(rows, s_.width, b, head_.q.row, int64_t{1}, rows_.data());
    gemm<T>({.m = s_.keys,
             .n = padded_width_,
             .k = rows,
             .a = a,
             .a_row = 1,
             .a_column = padded_keys_,
             .b = rows_.data(),
             .c = sum,
             .c_row = padded_width_,
             .accumulate = true});
  }

  const AttentionBackwardArgs<T>& args_;
  const AttentionShape& s_;
  const int64_t problem_;
  const Head<T> head_;
  const int64_t padded_keys_, padded_width_, tile_;
  const Scratch<T> keys_transposed_, values_transposed_, keys_, p_, ds_, rows_;
};

}  // namespace

// dk and dv are sums over queries: those of a head are cut into slices, as many as the shape says; each sums
// alone, and the slices are added in order.
template <class T>
void attention_backward(const AttentionBackwardArgs<T>& args) {
  const AttentionShape& s = args.shape;
  const int64_t padded_width = padded_columns<T>(s.width), problems = s.batch * s.heads;
  const int64_t slices = std::clamp<int64_t>(ceil_div(s.queries, 2048), 1, 8);
  const int64_t sum_size = s.keys * padded_width;
  const Scratch<T> sums(problems * slices * 2 * sum_size);
  std::fill_n(sums.data(), problems * slices * 2 * sum_size, T{});
  parallel_for(problems * slices, 1, [&](int64_t task, int64_t) {
    const int64_t problem = task / slices, slice = task % slices;
    T* dk = sums.data() + task * 2 * sum_size;
    BackwardSlice<T>(args, problem)
        .run(s.queries * slice / slices, s.queries * (slice + 1) / slices, dk, dk + sum_size);
  });

  const int64_t channels = s.heads * s.width;
  parallel_for(problems, 1, [&](int64_t p, int64_t) {
    T* total = sums.data() + p * slices * 2 * sum_size;
    for (int64_t slice = 1; slice < slices; ++slice)
      for (int64_t i = 0; i < 2 * sum_size; ++i) total[i] += total[slice * 2 * sum_size + i];
    T* dk = args.dkv + p / s.heads * s.keys * 2 * channels + p % s.heads * s.width;
    copy_rows(s.keys, s.width, total, padded_width, dk, 2 * channels);
    copy_rows(s.keys, s.width, total + sum_size, padded_width, dk + channels, 2 * channels);
  });
}

template void attention(const AttentionArgs<float>&);
template void attention(const AttentionArgs<double>&);
template void attention_backward(const AttentionBackwardArgs<float>&);
template void attention_backward(const AttentionBackwardArgs<double>&);

}  // namespace masktwins::kernels::cpu

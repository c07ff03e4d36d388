#include "kernels/layer_norm.h"

#include <algorithm>
#include <cmath>

#include "kernels/common/parallel.h"
#include "kernels/common/scratch.h"

namespace masktwins::kernels::cpu {
namespace {

constexpr int64_t elements_per_chunk = 1 << 14;

int64_t rows_per_chunk(int64_t rows, int64_t channels) {
  return std::max(ceil_div(elements_per_chunk, channels), ceil_div(rows, 64));
}

}  // namespace

template <class T>
void layer_norm(const LayerNormArgs<T>& args) {
  const int64_t channels = args.channels;
  if (channels == 0) return;
  const T share = T{1} / static_cast<T>(channels);
  parallel_for(args.rows, rows_per_chunk(args.rows, channels), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const T* x = args.x + row * channels;
      T* y = args.y + row * channels;
      T sum{}, squares{};
#pragma omp simd reduction(+ : sum)
      for (int64_t c = 0; c < channels; ++c) sum += x[c];
      const T mean = sum * share;
#pragma omp simd reduction(+ : squares)
      for (int64_t c = 0; c < channels; ++c) squares += (x[c] - mean) * (x[c] - mean);
      const T rstd = T{1} / std::sqrt(squares * share + static_cast<T>(args.eps));
#pragma omp simd
      for (int64_t c = 0; c < channels; ++c) y[c] = (x[c] - mean) * rstd * args.weight[c] + args.bias[c];
      args.mean[row] = mean;
      args.rstd[row] = rstd;
    }
  });
}

// Every chunk sums its own dweight and dbias while it makes dx; the sums are added in the order of chunks.
template <class T>
void layer_norm_backward(const LayerNormBackwardArgs<T>& args) {
  const int64_t channels = args.channels;
  if (channels == 0) return;
  const T share = T{1} / static_cast<T>(channels);
  const int64_t grain = rows_per_chunk(args.rows, channels), chunks = ceil_div(args.rows, grain);
  const Scratch<T> sums(chunks * 2 * channels);
  std::fill_n(sums.data(), chunks * 2 * channels, T{});
  parallel_for(args.rows, grain, [&](int64_t begin, int64_t end) {
    T* dweight = sums.data() + begin / grain * 2 * channels;
    T* dbias = dweight + channels;
    for (int64_t row = begin; row < end; ++row) {
      const T* x = args.x + row * channels;
      const T* dy = args.dy + row * channels;
      T* dx = args.dx + row * channels;
      const T mean = args.mean[row], rstd = args.rstd[row];
      T g_sum{}, gx_sum{};
#pragma omp simd reduction(+ : g_sum, gx_sum)
      for (int64_t c = 0; c < channels; ++c) {
        const T xhat = (x[c] - mean) * rstd, g = dy[c] * args.weight[c];
        g_sum += g;
        gx_sum += g * xhat;
        dweight[c] += dy[c] * xhat;
        dbias[c] += dy[c];
      }
      const T g_mean = g_sum * share, gx_mean = gx_sum * share;
#pragma omp simd
      for (int64_t c = 0; c < channels; ++c)
        dx[c] = rstd * (dy[c] * args.weight[c] - g_mean - (x[c] - mean) * rstd * gx_mean);
    }
  });
  std::fill_n(args.dweight, channels, T{});
  std::fill_n(args.dbias, channels, T{});
  for (int64_t chunk = 0; chunk < chunks; ++chunk) {
    const T* dweight = sums.data() + chunk * 2 * channels;
    for (int64_t c = 0; c < channels; ++c) {
      args.dweight[c] += dweight[c];
      args.dbias[c] += dweight[channels + c];
    }
  }
}

template void layer_norm(const LayerNormArgs<float>&);
template void layer_norm(const LayerNormArgs<double>&);
template void layer_norm_backward(const LayerNormBackwardArgs<float>&);
template void layer_norm_backward(const LayerNormBackwardArgs<double>&);

}  // namespace masktwins::kernels::cpu

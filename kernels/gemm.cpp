#include "kernels/gemm.h"

#include <algorithm>

#include "kernels/common/parallel.h"

namespace masktwins::kernels::cpu {
namespace {

// Rows of the register tile: as many accumulators as the machine has vector registers for.
#if defined(__AVX512F__)
constexpr int tile_rows = 12;
#else
constexpr int tile_rows = 6;
#endif

// One register tile of `rows` x (`vectors` * lanes) elements of C.
template <class T, int rows, int vectors>
inline void tile(int64_t k, const T* a, int64_t a_row, int64_t a_column, const T* b, int64_t b_row, T* c,
                 int64_t c_row, bool accumulate) {
  constexpr int width = lanes<T>;
  Vec<T> sum[rows][vectors];
#pragma GCC unroll 12
  for (int i = 0; i < rows; ++i)
#pragma GCC unroll 2
    for (int v = 0; v < vectors; ++v) sum[i][v] = accumulate ? load(c + i * c_row + v * width) : Vec<T>{};
  for (int64_t p = 0; p < k; ++p) {
    Vec<T> column[vectors];
#pragma GCC unroll 2
    for (int v = 0; v < vectors; ++v) column[v] = load(b + p * b_row + v * width);
#pragma GCC unroll 12
    for (int i = 0; i < rows; ++i) {
      const Vec<T> value = broadcast(a[i * a_row + p * a_column]);
#pragma GCC unroll 2
      for (int v = 0; v < vectors; ++v) sum[i][v] += value * column[v];
    }
  }
#pragma GCC unroll 12
  for (int i = 0; i < rows; ++i)
#pragma GCC unroll 2
    for (int v = 0; v < vectors; ++v) store(c + i * c_row + v * width, sum[i][v]);
}

// All rows of one panel, in tiles of `rows`; the remainder goes through smaller tiles.
template <class T, int vectors, int rows>
void panel(int64_t m, int64_t k, const T* a, int64_t a_row, int64_t a_column, const T* b, int64_t b_row, T* c,
           int64_t c_row, bool accumulate) {
  int64_t i = 0;
  for (; i + rows <= m; i += rows)
    tile<T, rows, vectors>(k, a + i * a_row, a_row, a_column, b, b_row, c + i * c_row, c_row, accumulate);
  if constexpr (rows > 1) {
    if (i < m)
      panel<T, vectors, (rows + 1) / 2>(m - i, k, a + i * a_row, a_row, a_column, b, b_row, c + i * c_row,
                                        c_row, accumulate);
  }
}

}  // namespace

template <class T>
void gemm(const GemmArgs<T>& args) {
  for (int64_t j = 0; j < args.n; j += panel_width<T>) {
    const int64_t width = std::min(panel_width<T>, args.n - j);
    const T* b = args.b_row > 0 ? args.b + j : args.b + j * args.k;
    const int64_t b_row = args.b_row > 0 ? args.b_row : width;
    if (width == panel_width<T>)
      panel<T, 2, tile_rows>(args.m, args.k, args.a, args.a_row, args.a_column, b, b_row, args.c + j,
                             args.c_row, args.accumulate);
    else
      panel<T, 1, tile_rows>(args.m, args.k, args.a, args.a_row, args.a_column, b, b_row, args.c + j,
                             args.c_row, args.accumulate);
  }
}

template <class T>
void pack_panels(int64_t k, int64_t n, const T* b, int64_t row, int64_t column, T* packed) {
  const int64_t padded = padded_columns<T>(n);
  parallel_for(ceil_div(padded, panel_width<T>), 1, [&](int64_t begin, int64_t) {
    const int64_t j = begin * panel_width<T>;
    const int64_t width = std::min(panel_width<T>, padded - j), valid = std::min(width, n - j);
    T* out = packed + j * k;
    for (int64_t p = 0; p < k; ++p, out += width) {
      for (int64_t q = 0; q < valid; ++q) out[q] = b[p * row + (j + q) * column];
      for (int64_t q = valid; q < width; ++q) out[q] = T{};
    }
  });
}

template void gemm(const GemmArgs<float>&);
template void gemm(const GemmArgs<double>&);
template void pack_panels(int64_t, int64_t, const float*, int64_t, int64_t, float*);
template void pack_panels(int64_t, int64_t, const double*, int64_t, int64_t, double*);

}  // namespace masktwins::kernels::cpu

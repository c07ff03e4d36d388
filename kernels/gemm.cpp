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

// One register tile of C, `rows` high and `vectors` of type V wide, given by where its operands start.
template <class V, int rows, int vectors, class T>
inline void tile(const GemmArgs<T>& g, const T* a, const T* b, int64_t b_row, const T* bias, T* c) {
  constexpr int width = sizeof(V) / sizeof(T);
  V sum[rows][vectors];
#pragma GCC unroll 12
  for (int i = 0; i < rows; ++i)
#pragma GCC unroll 2
    for (int v = 0; v < vectors; ++v) {
      if (g.accumulate) sum[i][v] = load_as<V>(c + i * g.c_row + v * width);
      else sum[i][v] = bias != nullptr ? load_as<V>(bias + v * width) : V{};
    }
  for (int64_t s = 0; s < g.segments; ++s) {
    const T* segment = g.a_offsets != nullptr ? a + g.a_offsets[s] : a;
    const T* row = g.b_offsets != nullptr ? b + g.b_offsets[s] : b + s * g.k * b_row;
    for (int64_t p = 0; p < g.k; ++p, row += b_row) {
      V column[vectors];
#pragma GCC unroll 2
      for (int v = 0; v < vectors; ++v) column[v] = load_as<V>(row + v * width);
#pragma GCC unroll 12
      for (int i = 0; i < rows; ++i) {
        const V value = broadcast_as<V>(segment[i * g.a_row + p * g.a_column]);
#pragma GCC unroll 2
        for (int v = 0; v < vectors; ++v) sum[i][v] += value * column[v];
      }
    }
  }
#pragma GCC unroll 12
  for (int i = 0; i < rows; ++i)
#pragma GCC unroll 2
    for (int v = 0; v < vectors; ++v) store(c + i * g.c_row + v * width, sum[i][v]);
}

// Rows [i, m) of one panel, in tiles of `rows`; the remainder goes through smaller tiles.
template <class V, int vectors, int rows, class T>
void panel(const GemmArgs<T>& g, int64_t i, const T* b, int64_t b_row, const T* bias, T* c) {
  for (; i + rows <= g.m; i += rows)
    tile<V, rows, vectors>(g, g.a + i * g.a_row, b, b_row, bias, c + i * g.c_row);
  if constexpr (rows > 1) {
    if (i < g.m) panel<V, vectors, (rows + 1) / 2>(g, i, b, b_row, bias, c);
  }
}

}  // namespace

template <class T>
void gemm(const GemmArgs<T>& args) {
  for (int64_t j = 0; j < args.n; j += panel_width<T>) {
    const int64_t width = std::min(panel_width<T>, args.n - j);
    const T* b = args.b + (args.b_row > 0 ? j : j * args.k * args.segments);
    const int64_t b_row = args.b_row > 0 ? args.b_row : width;
    const T* bias = args.bias != nullptr ? args.bias + j : nullptr;
    T* c = args.c + j;
    if (width == panel_width<T>) panel<Vec<T>, 2, tile_rows>(args, 0, b, b_row, bias, c);
    else if (width == lanes<T>) panel<Vec<T>, 1, tile_rows>(args, 0, b, b_row, bias, c);
    else panel<HalfVec<T>, 1, tile_rows>(args, 0, b, b_row, bias, c);
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

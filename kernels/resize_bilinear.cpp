#include "kernels/resize_bilinear.h"

#include "kernels/common/parallel.h"
#include "kernels/common/scratch.h"

namespace masktwins::kernels::cpu {
namespace {

// Between which two inputs an output position lies.
template <class T>
struct Source {
  int64_t low, high;
  T low_share, high_share;  // sum 1
};

template <class T>
std::vector<Source<T>> sources(int64_t in, int64_t out) {
  std::vector<Source<T>> table;
  const double step = static_cast<double>(in) / static_cast<double>(out);
  for (int64_t i = 0; i < out; ++i) {
    const double position = std::max(0.0, (static_cast<double>(i) + 0.5) * step - 0.5);
    const int64_t low = std::min(in - 1, static_cast<int64_t>(position)), high = std::min(in - 1, low + 1);
    const double share = high == low ? 0.0 : position - static_cast<double>(low);
    table.push_back({low, high, static_cast<T>(1 - share), static_cast<T>(share)});
  }
  return table;
}

// to = a * a_share + b * b_share
template <class T>
void blend(T* to, const T* a, T a_share, const T* b, T b_share, int64_t count) {
#pragma omp simd
  for (int64_t k = 0; k < count; ++k) to[k] = a_share * a[k] + b_share * b[k];
}

// to += share * from
template <class T>
void add_share(T* to, T share, const T* from, int64_t count) {
#pragma omp simd
  for (int64_t k = 0; k < count; ++k) to[k] += share * from[k];
}

constexpr int64_t elements_per_chunk = 1 << 16;

}  // namespace

// First between rows, where all columns and channels are one long vector, then between columns.
template <class T>
void resize_bilinear(const ResizeBilinearArgs<T>& args) {
  const auto [batch, channels, height, width, out_height, out_width] = args.shape;
  if (batch * channels == 0) return;
  const std::vector<Source<T>> rows = sources<T>(height, out_height), columns = sources<T>(width, out_width);
  const int64_t in_row = width * channels, out_row = out_width * channels;
  const int64_t grain = ceil_div(elements_per_chunk, out_row);
  parallel_for(batch * out_height, grain, [&](int64_t begin, int64_t end) {
    const Scratch<T> between_rows(in_row);
    for (int64_t row = begin; row < end; ++row) {
      const T* image = args.x + row / out_height * height * in_row;
      const Source<T>& source = rows[static_cast<std::size_t>(row % out_height)];
      T* line = between_rows.data();
      blend(line, image + source.low * in_row, source.low_share, image + source.high * in_row,
            source.high_share, in_row);
      T* y = args.y + row * out_row;
      for (const Source<T>& column : columns) {
        blend(y, line + column.low * channels, column.low_share, line + column.high * channels,
              column.high_share, channels);
        y += channels;
      }
    }
  });
}

// A chunk owns some rows of dx: it walks the rows of dy that read them, gathers each into input columns, and
// adds it to the one or two rows of its own.
template <class T>
void resize_bilinear_backward(const ResizeBilinearBackwardArgs<T>& args) {
  const auto [batch, channels, height, width, out_height, out_width] = args.shape;
  if (batch * channels == 0) return;
  const std::vector<Source<T>> rows = sources<T>(height, out_height), columns = sources<T>(width, out_width);
  const int64_t in_row = width * channels, out_row = out_width * channels;
  // At least 8 rows, since dy rows at the border of two chunks are gathered in both.
  const int64_t chunk_rows = std::max<int64_t>(8, ceil_div(elements_per_chunk, in_row));
  const int64_t chunks_per_image = ceil_div(height, chunk_rows);
  parallel_for(batch * chunks_per_image, 1, [&](int64_t chunk, int64_t) {
    const int64_t n = chunk / chunks_per_image, first = chunk % chunks_per_image * chunk_rows;
    const int64_t last = std::min(height, first + chunk_rows) - 1;
    T* dx = args.dx + n * height * in_row;
    std::fill(dx + first * in_row, dx + (last + 1) * in_row, T{0});
    const Scratch<T> gathered(in_row);
    T* line = gathered.data();
    for (int64_t row = 0; row < out_height; ++row) {
      const Source<T>& source = rows[static_cast<std::size_t>(row)];
      if (source.high < first || source.low > last) continue;
      std::fill_n(line, in_row, T{0});
      const T* dy = args.dy + (n * out_height + row) * out_row;
      for (const Source<T>& column : columns) {
        add_share(line + column.low * channels, column.low_share, dy, channels);
        add_share(line + column.high * channels, column.high_share, dy, channels);
        dy += channels;
      }
      if (source.low >= first) add_share(dx + source.low * in_row, source.low_share, line, in_row);
      if (source.high <= last) add_share(dx + source.high * in_row, source.high_share, line, in_row);
    }
  });
}

template void resize_bilinear(const ResizeBilinearArgs<float>&);
template void resize_bilinear(const ResizeBilinearArgs<double>&);
template void resize_bilinear_backward(const ResizeBilinearBackwardArgs<float>&);
template void resize_bilinear_backward(const ResizeBilinearBackwardArgs<double>&);

}  // namespace masktwins::kernels::cpu

#include "kernels/conv2d_direct.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "kernels/common/parallel.h"
#include "kernels/common/scratch.h"
#include "kernels/gemm.h"

namespace masktwins::kernels::cpu {
namespace {

// The elements under a filter, as runs that lie side by side: a row of the kernel, or with dilation a pixel.
struct Runs {
  int64_t count, length;
  std::vector<int64_t> offsets;  // of each run from the first, in an image with rows of `row` elements

  Runs(const Conv2dShape& s, int64_t row)
      : count(s.dilation == 1 ? s.kernel_height : s.kernel_height * s.kernel_width),
        length(s.dilation == 1 ? s.kernel_width * s.in_channels : s.in_channels) {
    const int64_t per_row = count / s.kernel_height;
    for (int64_t run = 0; run < count; ++run)
      offsets.push_back(run / per_row * s.dilation * row + run % per_row * s.dilation * s.in_channels);
  }
};

// How the rows of outputs are cut into bands, whose part of the image stays in the cache.
struct Bands {
  int64_t rows, per_image, count;  // output rows of a band, bands of an image, bands in all

  template <class T>
  static Bands of(const Conv2dShape& s) {
    constexpr int64_t band_bytes = int64_t{192} << 10;  // read and written: half of a small L2 cache
    const int64_t row_bytes =
        ((s.width + 2 * s.padding) * s.in_channels * s.stride + s.out_width() * s.out_channels) *
        static_cast<int64_t>(sizeof(T));
    const int64_t rows = std::clamp<int64_t>(band_bytes / std::max<int64_t>(1, row_bytes), 1, 16);
    const int64_t per_image = ceil_div(s.out_height(), rows);
    return {rows, per_image, s.batch * per_image};
  }
};

// The rows of the image under output rows [first, last) of one band, with the border of zeros.
template <class T>
class BandOfImage {
 public:
  // Elements from one row to the next.
  static int64_t row_length(const Conv2dShape& s) { return (s.width + 2 * s.padding) * s.in_channels; }

  // The last row is followed by at least `slack` elements that may be read.
  BandOfImage(const Conv2dShape& s, const T* x, const Bands& bands, int64_t band, int64_t slack)
      : image(band / bands.per_image),
        first(band % bands.per_image * bands.rows),
        last(std::min(first + bands.rows, s.out_height())),
        step_(s.stride * row_length(s)) {
    const int64_t top = first * s.stride - s.padding;
    const int64_t rows = (last - first - 1) * s.stride + s.dilation * (s.kernel_height - 1) + 1;
    const T* pixels = x + image * s.height * s.width * s.in_channels;
    if (s.padding == 0 && slack == 0) {
      rows_ = pixels + top * row_length(s);
      return;
    }
    copy_.emplace(rows * row_length(s) + slack);
    rows_ = copy_->data();
    const int64_t border = s.padding * s.in_channels, width = s.width * s.in_channels;
    T* to = copy_->data();
    for (int64_t row = top; row < top + rows; ++row, to += row_length(s)) {
      if (row < 0 || row >= s.height) {
        std::fill_n(to, row_length(s), T{});
        continue;
      }
      std::fill_n(to, border, T{});
      std::copy_n(pixels + row * width, width, to + border);
      std::fill_n(to + border + width, border, T{});
    }
    std::fill_n(to, slack, T{});
  }

  // The first element under output row i.
  const T* under(int64_t i) const { return rows_ + (i - first) * step_; }

  const int64_t image, first, last;

 private:
  int64_t step_;
  std::optional<Scratch<T>> copy_;
  const T* rows_;
};

// y = x (*) filters + bias; `packed` holds the filters as panels of taps x outputs.
template <class T>
void run_convolution(const Conv2dShape& s, const T* x, const T* packed, const T* bias, T* y) {
  const int64_t outputs = s.out_channels, padded = padded_columns<T>(outputs), width = s.out_width();
  const bool whole_vectors = padded == outputs;
  const Runs runs(s, BandOfImage<T>::row_length(s));
  const Bands bands = Bands::of<T>(s);
  Scratch<T> start(padded);
  std::fill_n(start.data(), padded, T{});
  if (bias != nullptr) std::copy_n(bias, outputs, start.data());
  parallel_for(bands.count, 1, [&](int64_t index, int64_t) {
    const BandOfImage<T> band(s, x, bands, index, 0);
    Scratch<T> results(whole_vectors ? 0 : width * padded);
    for (int64_t i = band.first; i < band.last; ++i) {
      T* row = y + (band.image * s.out_height() + i) * width * outputs;
      gemm<T>({.m = width,
               .n = padded,
               .k = runs.length,
               .a = band.under(i),
               .a_row = s.stride * s.in_channels,
               .a_column = 1,
               .b = packed,
               .segments = runs.count,
               .a_offsets = runs.offsets.data(),
               .c = whole_vectors ? row : results.data(),
               .c_row = padded,
               .bias = start.data()});
      if (whole_vectors) continue;
      for (int64_t j = 0; j < width; ++j)
        for (int64_t o = 0; o < outputs; ++o) row[j * outputs + o] = results.data()[j * padded + o];
    }
  });
}

// dx of a convolution with stride 1 is the convolution of dy with the filters turned round and transposed.
template <class T>
void backward_data_unit_stride(const Conv2dBackwardDataArgs<T>& args) {
  const Conv2dShape& s = args.shape;
  const int64_t kernel_pixels = s.kernel_height * s.kernel_width;
  Conv2dShape reverse = s;
  reverse.in_channels = s.out_channels;
  reverse.out_channels = s.in_channels;
  reverse.height = s.out_height();
  reverse.width = s.out_width();
  // Equal paddings on all sides; a rectangular kernel needs unequal ones and takes the general way.
  reverse.padding = s.dilation * (s.kernel_height - 1) - s.padding;

  // (O, taps, C) -> (C, taps reversed, O)
  Scratch<T> turned(s.out_channels * kernel_pixels * s.in_channels);
  for (int64_t o = 0; o < s.out_channels; ++o)
    for (int64_t tap = 0; tap < kernel_pixels; ++tap)
      for (int64_t c = 0; c < s.in_channels; ++c)
        turned.data()[(c * kernel_pixels + kernel_pixels - 1 - tap) * s.out_channels + o] =
            args.weight[(o * kernel_pixels + tap) * s.in_channels + c];
  const int64_t taps = reverse.taps();
  Scratch<T> packed(taps * padded_columns<T>(s.in_channels));
  pack_panels(taps, s.in_channels, turned.data(), int64_t{1}, taps, packed.data());
  run_convolution(reverse, args.dy, packed.data(), args.bias, args.dx);
}

// Any stride: each band of rows of dx collects from the rows of dy that touch it, in a fixed order.
template <class T>
void backward_data_any_stride(const Conv2dBackwardDataArgs<T>& args) {
  const Conv2dShape& s = args.shape;
  const int64_t taps = s.taps(), padded = padded_columns<T>(taps);
  const int64_t out_height = s.out_height(), out_width = s.out_width();
  Scratch<T> packed(s.out_channels * padded);
  pack_panels(s.out_channels, taps, args.weight, taps, int64_t{1}, packed.data());

  const int64_t rows_of_dy =
      std::clamp<int64_t>((int64_t{1} << 20) / (out_width * padded * int64_t{sizeof(T)}), 1, 16);
  const int64_t band = std::max(rows_of_dy * s.stride, s.stride);
  const int64_t bands = ceil_div(s.height, band);
  parallel_for(s.batch * bands, 1, [&](int64_t task, int64_t) {
    const int64_t n = task / bands, top = task % bands * band, bottom = std::min(s.height, top + band);
    const int64_t reach = s.dilation * (s.kernel_height - 1);
    const int64_t first =
        std::max<int64_t>(0, ceil_div(std::max<int64_t>(0, top + s.padding - reach), s.stride));
    const int64_t last = std::min(out_height - 1, (bottom - 1 + s.padding) / s.stride);
    const int64_t count = std::max<int64_t>(0, (last - first + 1) * out_width);
    Scratch<T> patches(count * padded);
    gemm<T>({.m = count,
             .n = padded,
             .k = s.out_channels,
             .a = args.dy + (n * out_height + first) * out_width * s.out_channels,
             .a_row = s.out_channels,
             .a_column = 1,
             .b = packed.data(),
             .c = patches.data(),
             .c_row = padded});

    T* rows = args.dx + (n * s.height + top) * s.width * s.in_channels;
    for (int64_t i = 0; i < (bottom - top) * s.width; ++i)
      for (int64_t c = 0; c < s.in_channels; ++c)
        rows[i * s.in_channels + c] = args.bias ? args.bias[c] : T{};
    for (int64_t pixel = 0; pixel < count; ++pixel) {
      const int64_t y = (first + pixel / out_width) * s.stride - s.padding - top;
      const int64_t x = pixel % out_width * s.stride - s.padding;
      for (int64_t u = 0; u < s.kernel_height; ++u) {
        const int64_t row = y + u * s.dilation;
        if (row < 0 || row >= bottom - top) continue;
        for (int64_t v = 0; v < s.kernel_width; ++v) {
          const int64_t column = x + v * s.dilation;
          if (column < 0 || column >= s.width) continue;
          const T* from = patches.data() + pixel * padded + (u * s.kernel_width + v) * s.in_channels;
          T* to = rows + (row * s.width + column) * s.in_channels;
          for (int64_t c = 0; c < s.in_channels; ++c) to[c] += from[c];
        }
      }
    }
  });
}

}  // namespace

template <class T>
void conv2d_direct(const Conv2dArgs<T>& args) {
  const Conv2dShape& s = args.shape;
  Scratch<T> packed(s.taps() * padded_columns<T>(s.out_channels));
  pack_panels(s.taps(), s.out_channels, args.weight, int64_t{1}, s.taps(), packed.data());
  run_convolution(s, args.x, packed.data(), args.bias, args.y);
}

template <class T>
void conv2d_backward_data_direct(const Conv2dBackwardDataArgs<T>& args) {
  const Conv2dShape& s = args.shape;
  const bool square = s.kernel_height == s.kernel_width;
  const bool narrow = s.padding <= s.dilation * (s.kernel_height - 1);
  s.stride == 1 && square&& narrow ? backward_data_unit_stride(args) : backward_data_any_stride(args);
}

template <class T>
void conv2d_backward_weight_direct(const Conv2dBackwardWeightArgs<T>& args) {
  const Conv2dShape& s = args.shape;
  const int64_t outputs = s.out_channels, width = s.out_width();
  const Runs runs(s, BandOfImage<T>::row_length(s));
  const Bands bands = Bands::of<T>(s);

  // The sums of a run are a matrix with whole vectors in its rows: run x outputs if the outputs fill them,
  // else outputs x run, where the run may be longer than it is and what it gets too much is not used.
  const bool rows_of_outputs =
      padded_columns<T>(outputs) == outputs && padded_columns<T>(runs.length) != runs.length;
  const int64_t columns = rows_of_outputs ? outputs : padded_columns<T>(runs.length);
  const int64_t matrix = columns * (rows_of_outputs ? runs.length : outputs);

  // Where the rows of a band begin.
  std::vector<int64_t> dy_rows, x_rows;
  for (int64_t i = 0; i < bands.rows; ++i) {
    dy_rows.push_back(i * width * outputs);
    x_rows.push_back(i * s.stride * BandOfImage<T>::row_length(s));
  }

  // The bands are cut into a number of slices that depends on the shape alone; each has sums of its own, and
  // they are added in order.
  const int64_t copy = runs.count * matrix;
  const int64_t slices = std::clamp<int64_t>((int64_t{1} << 20) / std::max<int64_t>(1, copy), 1,
                                             std::clamp<int64_t>(bands.count, 1, 16));
  Scratch<T> sums(slices * copy);
  std::fill_n(sums.data(), slices * copy, T{});
  parallel_for(slices * runs.count, 1, [&](int64_t task, int64_t) {
    const int64_t slice = task / runs.count, run = task % runs.count;
    T* sum = sums.data() + slice * copy + run * matrix;
    for (int64_t index = bands.count * slice / slices; index < bands.count * (slice + 1) / slices; ++index) {
      const int64_t slack = rows_of_outputs ? 0 : columns - runs.length;
      const BandOfImage<T> band(s, args.x, bands, index, slack);
      const T* x = band.under(band.first) + runs.offsets[static_cast<std::size_t>(run)];
      const T* dy = args.dy + (band.image * s.out_height() + band.first) * width * outputs;
      const int64_t pixel = s.stride * s.in_channels;  // from one patch to the next
      GemmArgs<T> gemm_args{.m = outputs,
                            .n = columns,
                            .k = width,
                            .a = dy,
                            .a_row = 1,
                            .a_column = outputs,
                            .b = x,
                            .b_row = pixel,
                            .segments = band.last - band.first,
                            .a_offsets = dy_rows.data(),
                            .b_offsets = x_rows.data(),
                            .c = sum,
                            .c_row = columns,
                            .accumulate = true};
      if (rows_of_outputs) {
        gemm_args.m = runs.length;
        std::swap(gemm_args.a, gemm_args.b);
        std::swap(gemm_args.a_column, gemm_args.b_row);
        std::swap(gemm_args.a_offsets, gemm_args.b_offsets);
      }
      gemm(gemm_args);
    }
  });
  parallel_for(outputs, 16, [&](int64_t begin, int64_t end) {
    const int64_t output_step = rows_of_outputs ? 1 : columns, step = rows_of_outputs ? columns : 1;
    for (int64_t o = begin; o < end; ++o)
      for (int64_t run = 0; run < runs.count; ++run) {
        T* to = args.dweight + o * s.taps() + run * runs.length;
        const T* sum = sums.data() + run * matrix + o * output_step;
        for (int64_t i = 0; i < runs.length; ++i) to[i] = sum[i * step];
        for (int64_t slice = 1; slice < slices; ++slice)
          for (int64_t i = 0; i < runs.length; ++i) to[i] += sum[slice * copy + i * step];
      }
  });
}

template void conv2d_direct(const Conv2dArgs<float>&);
template void conv2d_direct(const Conv2dArgs<double>&);
template void conv2d_backward_data_direct(const Conv2dBackwardDataArgs<float>&);
template void conv2d_backward_data_direct(const Conv2dBackwardDataArgs<double>&);
template void conv2d_backward_weight_direct(const Conv2dBackwardWeightArgs<float>&);
template void conv2d_backward_weight_direct(const Conv2dBackwardWeightArgs<double>&);

}  // namespace masktwins::kernels::cpu

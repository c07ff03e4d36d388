#include "kernels/conv2d_direct.h"

#include <algorithm>

#include "kernels/common/parallel.h"
#include "kernels/common/scratch.h"
#include "kernels/gemm.h"

namespace masktwins::kernels::cpu {
namespace {

constexpr int64_t block_bytes = int64_t{192} << 10;  // of one matrix of patches: half of a small L2 cache

template <class T>
int64_t pixels_per_block(int64_t columns) {
  return std::clamp<int64_t>(block_bytes / (columns * static_cast<int64_t>(sizeof(T))) / 12 * 12, 12, 480);
}

// The patches under output pixels [begin, end), one row of `row` elements each; zero outside the image.
template <class T>
void gather_patches(const Conv2dShape& s, const T* x, int64_t begin, int64_t end, T* out, int64_t row) {
  const int64_t out_width = s.out_width(), out_height = s.out_height();
  for (int64_t pixel = begin; pixel < end; ++pixel, out += row) {
    const int64_t n = pixel / (out_height * out_width);
    const int64_t top = pixel / out_width % out_height * s.stride - s.padding;
    const int64_t left = pixel % out_width * s.stride - s.padding;
    T* target = out;
    for (int64_t u = 0; u < s.kernel_height; ++u) {
      for (int64_t v = 0; v < s.kernel_width; ++v, target += s.in_channels) {
        const int64_t y = top + u * s.dilation, z = left + v * s.dilation;
        if (y >= 0 && y < s.height && z >= 0 && z < s.width)
          std::copy_n(x + ((n * s.height + y) * s.width + z) * s.in_channels, s.in_channels, target);
        else std::fill_n(target, s.in_channels, T{});
      }
    }
    std::fill(target, out + row, T{});
  }
}

// y = x (*) filters + bias; `packed` holds the filters as panels of taps x outputs.
template <class T>
void run_convolution(const Conv2dShape& s, const T* x, const T* packed, const T* bias, T* y) {
  const int64_t taps = s.taps(), outputs = s.out_channels, padded = padded_columns<T>(outputs);
  const int64_t block = pixels_per_block<T>(taps);
  parallel_for(s.batch * s.out_height() * s.out_width(), block, [&](int64_t begin, int64_t end) {
    const int64_t count = end - begin;
    Scratch<T> patches(count * taps), results(count * padded);
    gather_patches(s, x, begin, end, patches.data(), taps);
    gemm<T>({.m = count,
             .n = padded,
             .k = taps,
             .a = patches.data(),
             .a_row = taps,
             .a_column = 1,
             .b = packed,
             .c = results.data(),
             .c_row = padded});
    for (int64_t i = 0; i < count; ++i)
      for (int64_t o = 0; o < outputs; ++o)
        y[(begin + i) * outputs + o] = results.data()[i * padded + o] + (bias ? bias[o] : T{});
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
  const int64_t taps = s.taps(), padded = padded_columns<T>(taps), outputs = s.out_channels;
  const int64_t pixels = s.batch * s.out_height() * s.out_width();
  const int64_t block = pixels_per_block<T>(padded);

  // The pixels are cut into a number of slices that depends on the shape alone; each sums into its own copy
  // of the filters, and the copies are added in order.
  const int64_t copy_bytes = outputs * padded * static_cast<int64_t>(sizeof(T));
  const int64_t slices = std::clamp<int64_t>((int64_t{4} << 20) / std::max<int64_t>(1, copy_bytes), 1,
                                             std::clamp<int64_t>(ceil_div(pixels, block), 1, 16));
  constexpr int64_t group = 96;  // filters of one task
  const int64_t groups = ceil_div(outputs, group);
  Scratch<T> sums(slices * outputs * padded);
  std::fill_n(sums.data(), slices * outputs * padded, T{});
  parallel_for(slices * groups, 1, [&](int64_t task, int64_t) {
    const int64_t slice = task / groups, first = task % groups * group;
    const int64_t begin = pixels * slice / slices, end = pixels * (slice + 1) / slices;
    Scratch<T> patches(block * padded);
    for (int64_t pixel = begin; pixel < end; pixel += block) {
      const int64_t count = std::min(block, end - pixel);
      gather_patches(s, args.x, pixel, pixel + count, patches.data(), padded);
      gemm<T>({.m = std::min(group, outputs - first),
               .n = padded,
               .k = count,
               .a = args.dy + pixel * outputs + first,
               .a_row = 1,
               .a_column = outputs,
               .b = patches.data(),
               .b_row = padded,
               .c = sums.data() + (slice * outputs + first) * padded,
               .c_row = padded,
               .accumulate = true});
    }
  });
  parallel_for(outputs, 16, [&](int64_t begin, int64_t end) {
    for (int64_t o = begin; o < end; ++o) {
      T* row = args.dweight + o * taps;
      std::copy_n(sums.data() + o * padded, taps, row);
      for (int64_t slice = 1; slice < slices; ++slice)
        for (int64_t tap = 0; tap < taps; ++tap)
          row[tap] += sums.data()[(slice * outputs + o) * padded + tap];
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

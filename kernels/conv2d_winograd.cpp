#include "kernels/conv2d_winograd.h"

#include <algorithm>

#include "kernels/common/parallel.h"
#include "kernels/common/scratch.h"
#include "kernels/conv2d_winograd_tiles.h"
#include "kernels/gemm.h"

namespace masktwins::kernels::cpu {
namespace {

using namespace winograd;

// Where the filter from input channel i to output channel o lies, for both directions of the convolution.
struct FilterView {
  int64_t inputs, outputs;
  int64_t input_step, output_step, tap_step;  // in elements
  bool flipped;                               // rotate the taps by 180 degrees
};

FilterView forward_filters(const Conv2dShape& shape) {
  return {shape.in_channels, shape.out_channels, 1, 9 * shape.in_channels, shape.in_channels, false};
}

FilterView backward_filters(const Conv2dShape& shape) {
  return {shape.out_channels, shape.in_channels, 9 * shape.in_channels, 1, shape.in_channels, true};
}

// U[position] = panels of (inputs x outputs), ready for gemm.
template <class T>
void transform_filters(const T* weight, const FilterView& view, T* out) {
  const int64_t padded = padded_columns<T>(view.outputs);
  const int64_t plane = view.inputs * padded;
  parallel_for(ceil_div(padded, panel_width<T>), 1, [&](int64_t panel, int64_t) {
    const int64_t first = panel * panel_width<T>, width = std::min(panel_width<T>, padded - first);
    for (int64_t i = 0; i < view.inputs; ++i) {
      for_channels<T>(width, [&](auto zero, int64_t q, int64_t) {
        using V = decltype(zero);
        V g[9] = {}, half[3][patch], u[patch][patch];
        const T* source = weight + i * view.input_step + (first + q) * view.output_step;
        const int64_t valid = std::min<int64_t>(sizeof(V) / sizeof(T), view.outputs - first - q);
        for (int64_t tap = 0; tap < 9; ++tap) {
          const T* from = source + tap * view.tap_step;
          V& to = g[view.flipped ? 8 - tap : tap];
          if (view.output_step == 1) to = load_partial_as<V>(from, valid);
          else
            for (int64_t lane = 0; lane < valid; ++lane) to[lane] = from[lane * view.output_step];
        }
        for (int64_t row = 0; row < 3; ++row)
          transform_filter(g[3 * row], g[3 * row + 1], g[3 * row + 2], half[row], 1);
        for (int64_t column = 0; column < patch; ++column)
          transform_filter(half[0][column], half[1][column], half[2][column], &u[0][column], patch);
        for (int64_t p = 0; p < positions; ++p)
          store(out + p * plane + first * view.inputs + i * width + q, u[p / patch][p % patch]);
      });
    }
  });
}

// Tiles per block: few enough that both transformed blocks stay in the L2 cache. With so many channels that
// hardly any would, the filters do not stay there either; more tiles then read them less often, and what
// belongs to one position still fits.
template <class T>
int64_t block_tiles(int64_t channels) {
  const int64_t fitting = (int64_t{448} << 10) / (positions * channels * static_cast<int64_t>(sizeof(T)));
  return fitting < 24 ? 48 : std::min<int64_t>(fitting / 12 * 12, 96);
}

// At most `block` tiles, with as many blocks for each thread. That may depend on the number of threads,
// because each tile is computed alone.
int64_t balanced_block(int64_t tiles, int64_t block) {
  const int64_t threads = thread_count();
  return ceil_div(tiles, ceil_div(ceil_div(tiles, block), threads) * threads);
}

// Distance between the positions of `count` transformed tiles: an odd number of cache lines, so that the 36
// positions of one tile do not compete for the same few sets of the cache.
template <class T>
int64_t plane_size(int64_t count, int64_t padded_channels) {
  constexpr int64_t line = 64 / sizeof(T);
  return (ceil_div(count * padded_channels, line) | 1) * line;
}

// The convolution of x with 3x3 filters, for the forward pass and the gradient of the data.
template <class T>
void run_convolution(int64_t batch, const TiledImage<const T>& x, int64_t padding, const T* weight,
                     const FilterView& filters, const T* bias, const TiledImage<T>& y) {
  const int64_t in_padded = padded_columns<T>(x.channels), out_padded = padded_columns<T>(y.channels);
  Scratch<T> filter_memory(positions * x.channels * out_padded);
  transform_filters(weight, filters, filter_memory.data());

  const int64_t tiles = batch * y.rows * y.columns;
  const int64_t block = balanced_block(tiles, block_tiles<T>(in_padded + out_padded));
  parallel_for(tiles, block, [&](int64_t begin, int64_t end) {
    const int64_t count = end - begin;
    const int64_t in_plane = plane_size<T>(count, in_padded), out_plane = plane_size<T>(count, out_padded);
    Scratch<T> memory(positions * (in_plane + out_plane));
    T* in = memory.data();
    T* out = in + positions * in_plane;
    for (int64_t i = 0; i < count; ++i)
      gather_input(x, padding, locate(y, begin + i), in + i * in_padded, in_plane);
    for (int64_t p = 0; p < positions; ++p) {
      gemm<T>({.m = count,
               .n = out_padded,
               .k = x.channels,
               .a = in + p * in_plane,
               .a_row = in_padded,
               .a_column = 1,
               .b = filter_memory.data() + p * x.channels * out_padded,
               .c = out + p * out_plane,
               .c_row = out_padded});
    }
    for (int64_t i = 0; i < count; ++i)
      scatter_output(y, bias, locate(y, begin + i), out + i * out_padded, out_plane);
  });
}

template <class T>
TiledImage<T> tiled(T* pixels, int64_t height, int64_t width, int64_t channels) {
  return {pixels, height, width, channels, channels, ceil_div(height, tile), ceil_div(width, tile)};
}

}  // namespace

template <class T>
void conv2d_winograd(const Conv2dArgs<T>& args) {
  const Conv2dShape& s = args.shape;
  run_convolution(s.batch, tiled(args.x, s.height, s.width, s.in_channels), s.padding, args.weight,
                  forward_filters(s), args.bias,
                  tiled(args.y, s.out_height(), s.out_width(), s.out_channels));
}

template <class T>
void conv2d_backward_data_winograd(const Conv2dBackwardDataArgs<T>& args) {
  const Conv2dShape& s = args.shape;
  run_convolution(s.batch, tiled(args.dy, s.out_height(), s.out_width(), s.out_channels), 2 - s.padding,
                  args.weight, backward_filters(s), args.bias,
                  tiled(args.dx, s.height, s.width, s.in_channels));
}

template <class T>
void conv2d_backward_weight_winograd(const Conv2dBackwardWeightArgs<T>& args) {
  const Conv2dShape& s = args.shape;
  const auto dy = tiled(args.dy, s.out_height(), s.out_width(), s.out_channels);
  const int64_t inputs = s.in_channels, out_padded = padded_columns<T>(s.out_channels);
  const int64_t tiles = s.batch * dy.rows * dy.columns;

  // A task sums one slice of the tiles for one group of input channels, alone. The slices depend on the shape
  // only and are added in order, so no bit depends on the threads. Every group transforms dy again, so there
  // are only as many as eight threads need.
  const int64_t copy = positions * inputs * out_padded;  // elements of one slice's sums
  const int64_t slices =
      std::clamp<int64_t>((int64_t{1} << 20) / copy, 1, std::clamp<int64_t>(tiles / 96, 1, 16));
  int64_t group = 128;
  while (group > 32 && slices * ceil_div(inputs, group) < 8) group /= 2;
  const int64_t groups = ceil_div(inputs, group);
  const int64_t block = block_tiles<T>(std::min(group, padded_columns<T>(inputs)) + out_padded);
  Scratch<T> sums(slices * copy);
  parallel_for(slices * groups, 1, [&](int64_t task, int64_t) {
    const int64_t slice = task / groups, first = task % groups * group,
                  count = std::min(group, inputs - first);
    const int64_t padded = padded_columns<T>(count);
    auto x = tiled(args.x + first, s.height, s.width, inputs);
    x.channels = count;
    Scratch<T> in(positions * plane_size<T>(block, padded)),
        out(positions * plane_size<T>(block, out_padded));
    const int64_t slice_begin = tiles * slice / slices, slice_end = tiles * (slice + 1) / slices;
    for (int64_t begin = slice_begin; begin < slice_end; begin += block) {
      const int64_t length = std::min(block, slice_end - begin);
      const int64_t in_plane = plane_size<T>(length, padded), out_plane = plane_size<T>(length, out_padded);
      for (int64_t i = 0; i < length; ++i) {
        gather_input(x, s.padding, locate(dy, begin + i), in.data() + i * padded, in_plane);
        gather_output_gradient(dy, locate(dy, begin + i), out.data() + i * out_padded, out_plane);
      }
      for (int64_t p = 0; p < positions; ++p)
        gemm<T>({.m = count,
                 .n = out_padded,
                 .k = length,
                 .a = in.data() + p * in_plane,
                 .a_row = 1,
                 .a_column = padded,
                 .b = out.data() + p * out_plane,
                 .b_row = out_padded,
                 .c = sums.data() + slice * copy + (p * inputs + first) * out_padded,
                 .c_row = out_padded,
                 .accumulate = begin > slice_begin});
    }
  });

  parallel_for(inputs, 4, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      for_channels<T>(s.out_channels, [&](auto zero, int64_t o, int64_t count) {
        using V = decltype(zero);
        V u[patch][patch] = {}, half[3][patch];
        for (int64_t slice = 0; slice < slices; ++slice)
          for (int64_t p = 0; p < positions; ++p)
            u[p / patch][p % patch] +=
                load_as<V>(sums.data() + slice * copy + (p * inputs + i) * out_padded + o);
        for (int64_t j = 0; j < patch; ++j) transform_filter_gradient(&u[0][j], patch, &half[0][j], patch);
        for (int64_t row = 0; row < 3; ++row) {
          V taps[3];
          transform_filter_gradient(half[row], 1, taps, 1);
          for (int64_t column = 0; column < 3; ++column)
            for (int64_t q = 0; q < count; ++q)
              args.dweight[((o + q) * 9 + row * 3 + column) * inputs + i] = taps[column][q];
        }
      });
    }
  });
}

template void conv2d_winograd(const Conv2dArgs<float>&);
template void conv2d_winograd(const Conv2dArgs<double>&);
template void conv2d_backward_data_winograd(const Conv2dBackwardDataArgs<float>&);
template void conv2d_backward_data_winograd(const Conv2dBackwardDataArgs<double>&);
template void conv2d_backward_weight_winograd(const Conv2dBackwardWeightArgs<float>&);
template void conv2d_backward_weight_winograd(const Conv2dBackwardWeightArgs<double>&);

}  // namespace masktwins::kernels::cpu

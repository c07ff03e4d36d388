#include "kernels/conv2d_winograd.h"

#include <algorithm>
#include <vector>

#include "kernels/common/parallel.h"
#include "kernels/common/scratch.h"
#include "kernels/gemm.h"

namespace masktwins::kernels::cpu {
namespace {

constexpr int64_t tile = 4;                   // results per side
constexpr int64_t patch = 6;                  // inputs per side
constexpr int64_t positions = patch * patch;  // gemms per tile

// --- the 1-D transforms, on vectors of channels ---

// Rows 0 to 2 of B^T d, which need d0 to d4, and rows 3 to 5, which need d1 to d5.
template <class V>
inline void transform_upper(const V& d0, const V& d1, const V& d2, const V& d3, const V& d4, V* out,
                            int64_t step) {
  const V a = d4 - 4 * d2, b = d3 - 4 * d1;
  out[0 * step] = 4 * d0 - 5 * d2 + d4;
  out[1 * step] = a + b;
  out[2 * step] = a - b;
}
template <class V>
inline void transform_lower(const V& d1, const V& d2, const V& d3, const V& d4, const V& d5, V* out,
                            int64_t step) {
  const V c = d4 - d2, e = 2 * (d3 - d1);
  out[0 * step] = c + e;
  out[1 * step] = c - e;
  out[2 * step] = 4 * d1 - 5 * d3 + d5;
}

// A^T m
template <class V>
inline void transform_output(const V* m, int64_t step, V* out, int64_t out_step) {
  const V a = m[1 * step] + m[2 * step], b = m[1 * step] - m[2 * step];
  const V c = m[3 * step] + m[4 * step], e = m[3 * step] - m[4 * step];
  out[0 * out_step] = m[0] + a + c;
  out[1 * out_step] = b + 2 * e;
  out[2 * out_step] = a + 4 * c;
  out[3 * out_step] = b + 8 * e + m[5 * step];
}

// A y, the transpose of transform_output
template <class V>
inline void transform_output_gradient(const V& y0, const V& y1, const V& y2, const V& y3, V* out,
                                      int64_t step) {
  const V a = y0 + y2, b = y1 + y3, c = y0 + 4 * y2, e = 2 * y1 + 8 * y3;
  out[0 * step] = y0;
  out[1 * step] = a + b;
  out[2 * step] = a - b;
  out[3 * step] = c + e;
  out[4 * step] = c - e;
  out[5 * step] = y3;
}

// G g
template <class V>
inline void transform_filter(const V& g0, const V& g1, const V& g2, V* out, int64_t step) {
  const V a = g0 + g2, c = g0 + 4 * g2, e = 2 * g1;
  out[0 * step] = g0 / 4;
  out[1 * step] = (a + g1) / -6;
  out[2 * step] = (a - g1) / -6;
  out[3 * step] = (c + e) / 24;
  out[4 * step] = (c - e) / 24;
  out[5 * step] = g2;
}

// G^T u
template <class V>
inline void transform_filter_gradient(const V* u, int64_t step, V* out, int64_t out_step) {
  const V a = (u[2 * step] + u[1 * step]) / 6, b = (u[2 * step] - u[1 * step]) / 6;
  const V c = (u[3 * step] + u[4 * step]) / 24, e = (u[3 * step] - u[4 * step]) / 12;
  out[0 * out_step] = u[0] / 4 - a + c;
  out[1 * out_step] = b + e;
  out[2 * out_step] = 4 * c - a + u[5 * step];
}

// An image with its tiling: tile (i, j) covers results [4i, 4i + 4) x [4j, 4j + 4).
template <class T>
struct TiledImage {
  T* pixels;  // (N, height, width, pixel_step)
  int64_t height, width, channels;
  int64_t pixel_step;     // elements between pixels: the channels, or more if only some of them are used
  int64_t rows, columns;  // of tiles

  T* at(int64_t n, int64_t y, int64_t x) const {
    return pixels + ((n * height + y) * width + x) * pixel_step;
  }
};

struct TileIndex {
  int64_t n, row, column;
};

template <class T>
TileIndex locate(const TiledImage<T>& image, int64_t index) {
  return {index / (image.rows * image.columns), index / image.columns % image.rows, index % image.columns};
}

// Calls body(channel, count) for vectors of channels; the last may be partial.
template <class T, class Body>
inline void for_channels(int64_t channels, Body&& body) {
  for (int64_t c = 0; c < channels; c += lanes<T>) body(c, std::min<int64_t>(lanes<T>, channels - c));
}

// V[position][slot][channel] = B^T d B of one 6x6 patch; `plane` is the distance between positions.
// read(i, j) gives a vector of channels of the patch. Three rows of B^T d at a time fit into registers.
template <class T, class Read>
inline void transform_patch(Read&& read, T* out, int64_t plane) {
  Vec<T> half[3][patch];
  const auto store_rows = [&](int64_t first) {
#pragma GCC unroll 3
    for (int64_t i = 0; i < 3; ++i) {
      Vec<T> row[patch];
      transform_upper(half[i][0], half[i][1], half[i][2], half[i][3], half[i][4], row, 1);
      transform_lower(half[i][1], half[i][2], half[i][3], half[i][4], half[i][5], row + 3, 1);
#pragma GCC unroll 6
      for (int64_t j = 0; j < patch; ++j) store(out + ((first + i) * patch + j) * plane, row[j]);
    }
  };
#pragma GCC unroll 6
  for (int64_t j = 0; j < patch; ++j)
    transform_upper(read(0, j), read(1, j), read(2, j), read(3, j), read(4, j), &half[0][j], patch);
  store_rows(0);
#pragma GCC unroll 6
  for (int64_t j = 0; j < patch; ++j)
    transform_lower(read(1, j), read(2, j), read(3, j), read(4, j), read(5, j), &half[0][j], patch);
  store_rows(3);
}

template <class T>
void gather_input(const TiledImage<const T>& x, int64_t padding, TileIndex at, T* out, int64_t plane) {
  const int64_t top = at.row * tile - padding, left = at.column * tile - padding;
  const bool interior = top >= 0 && left >= 0 && top + patch <= x.height && left + patch <= x.width;
  for_channels<T>(x.channels, [&](int64_t c, int64_t count) {
    if (interior && count == lanes<T>) {
      const T* corner = x.at(at.n, top, left) + c;
      const int64_t row = x.width * x.pixel_step, column = x.pixel_step;
      transform_patch(
          [&](int64_t i, int64_t j) {
            const T* pixel = corner + i * row + j * column;
            __builtin_prefetch(pixel + tile * column);  // the next tile
            return load(pixel);
          },
          out + c, plane);
    } else {
      transform_patch(
          [&](int64_t i, int64_t j) {
            const bool inside = top + i >= 0 && top + i < x.height && left + j >= 0 && left + j < x.width;
            return inside ? load_partial(x.at(at.n, top + i, left + j) + c, count) : Vec<T>{};
          },
          out + c, plane);
    }
  });
}

// Y = A^T M A (+ bias), cut off at the image's border.
template <class T>
void scatter_output(const TiledImage<T>& y, const T* bias, TileIndex at, const T* in, int64_t plane) {
  const int64_t height = std::min(tile, y.height - at.row * tile),
                width = std::min(tile, y.width - at.column * tile);
  for_channels<T>(y.channels, [&](int64_t c, int64_t count) {
    Vec<T> half[tile][patch];
    for (int64_t j = 0; j < patch; ++j) {
      Vec<T> column[patch];
      for (int64_t i = 0; i < patch; ++i) column[i] = load(in + (i * patch + j) * plane + c);
      transform_output(column, 1, &half[0][j], patch);
    }
    const Vec<T> start = bias ? load_partial(bias + c, count) : Vec<T>{};
    for (int64_t i = 0; i < height; ++i) {
      Vec<T> row[tile];
      transform_output(half[i], 1, row, 1);
      for (int64_t j = 0; j < width; ++j)
        store_partial(y.at(at.n, at.row * tile + i, at.column * tile + j) + c, Vec<T>(row[j] + start), count);
    }
  });
}

// A dY A^T; dY is zero beyond the border.
template <class T>
void gather_output_gradient(const TiledImage<const T>& dy, TileIndex at, T* out, int64_t plane) {
  const int64_t top = at.row * tile, left = at.column * tile;
  for_channels<T>(dy.channels, [&](int64_t c, int64_t count) {
    Vec<T> half[patch][tile];
    for (int64_t j = 0; j < tile; ++j) {
      Vec<T> d[tile];
      for (int64_t i = 0; i < tile; ++i) {
        const bool inside = top + i < dy.height && left + j < dy.width;
        d[i] = inside ? load_partial(dy.at(at.n, top + i, left + j) + c, count) : Vec<T>{};
      }
      transform_output_gradient(d[0], d[1], d[2], d[3], &half[0][j], tile);
    }
    for (int64_t i = 0; i < patch; ++i) {
      Vec<T> row[patch];
      transform_output_gradient(half[i][0], half[i][1], half[i][2], half[i][3], row, 1);
      for (int64_t j = 0; j < patch; ++j) store(out + (i * patch + j) * plane + c, row[j]);
    }
  });
}

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
      for (int64_t q = 0; q < width; q += lanes<T>) {
        Vec<T> g[9] = {}, half[3][patch], u[patch][patch];
        const T* source = weight + i * view.input_step + (first + q) * view.output_step;
        const int64_t valid = std::min<int64_t>(lanes<T>, view.outputs - first - q);
        for (int64_t lane = 0; lane < valid; ++lane)
          for (int64_t tap = 0; tap < 9; ++tap)
            g[view.flipped ? 8 - tap : tap][lane] = source[lane * view.output_step + tap * view.tap_step];
        for (int64_t row = 0; row < 3; ++row)
          transform_filter(g[3 * row], g[3 * row + 1], g[3 * row + 2], half[row], 1);
        for (int64_t column = 0; column < patch; ++column)
          transform_filter(half[0][column], half[1][column], half[2][column], &u[0][column], patch);
        for (int64_t p = 0; p < positions; ++p)
          store(out + p * plane + first * view.inputs + i * width + q, u[p / patch][p % patch]);
      }
    }
  });
}

// Tiles per block: enough rows for the gemm, few enough that both transformed blocks stay in the L2 cache.
template <class T>
int64_t block_tiles(int64_t channels) {
  const int64_t fitting = (int64_t{384} << 10) / (positions * channels * static_cast<int64_t>(sizeof(T)));
  return std::clamp<int64_t>(fitting / 12 * 12, 12, 96);
}

// Distance between the positions of `count` transformed tiles: an odd number of cache lines, so that the 36
// positions of one tile do not compete for the same few sets of the cache.
template <class T>
int64_t plane_size(int64_t count, int64_t padded_channels) {
  return count * padded_channels + (count * padded_channels / lanes<T> % 2 == 0 ? lanes<T> : 0);
}

// The convolution of x with 3x3 filters, for the forward pass and the gradient of the data.
template <class T>
void run_convolution(int64_t batch, const TiledImage<const T>& x, int64_t padding, const T* weight,
                     const FilterView& filters, const T* bias, const TiledImage<T>& y) {
  const int64_t in_padded = padded_columns<T>(x.channels), out_padded = padded_columns<T>(y.channels);
  Scratch<T> filter_memory(positions * x.channels * out_padded);
  transform_filters(weight, filters, filter_memory.data());

  const int64_t tiles = batch * y.rows * y.columns;
  const int64_t block = block_tiles<T>(in_padded + out_padded);
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
      for_channels<T>(s.out_channels, [&](int64_t o, int64_t count) {
        Vec<T> u[patch][patch] = {}, half[3][patch];
        for (int64_t slice = 0; slice < slices; ++slice)
          for (int64_t p = 0; p < positions; ++p)
            u[p / patch][p % patch] += load(sums.data() + slice * copy + (p * inputs + i) * out_padded + o);
        for (int64_t j = 0; j < patch; ++j) transform_filter_gradient(&u[0][j], patch, &half[0][j], patch);
        for (int64_t row = 0; row < 3; ++row) {
          Vec<T> taps[3];
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

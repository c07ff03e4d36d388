// The tiles of Winograd's F(4x4, 3x3): where they lie in an image, and the transforms A, B and G of
// conv2d_winograd.h, on vectors of channels.
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/common/vec.h"

namespace masktwins::kernels::cpu::winograd {

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

// Calls body(zero, channel, count) for vectors of channels, with a zero of the type of vector that they go
// into: half vectors if all channels fit into one. The last may be partial.
template <class T, class Body>
inline void for_channels(int64_t channels, Body&& body) {
  if (channels <= lanes<T> / 2) return body(HalfVec<T>{}, 0, channels);
  for (int64_t c = 0; c < channels; c += lanes<T>)
    body(Vec<T>{}, c, std::min<int64_t>(lanes<T>, channels - c));
}

// U = B^T d B of the 6x6 patch whose vectors of channels read(i, j) gives; `plane` is the distance between
// the positions of U. Three rows of B^T d at a time fit into registers.
template <class V, class T, class Read>
inline void transform_patch(Read&& read, T* out, int64_t plane) {
  V half[3][patch];
  const auto store_rows = [&](int64_t first) {
#pragma GCC unroll 3
    for (int64_t i = 0; i < 3; ++i) {
      V row[patch];
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

// A dY A^T of the 4x4 results whose vectors of channels read(i, j) gives.
template <class V, class T, class Read>
inline void transform_results(Read&& read, T* out, int64_t plane) {
  V half[patch][tile];
#pragma GCC unroll 4
  for (int64_t j = 0; j < tile; ++j)
    transform_output_gradient(read(0, j), read(1, j), read(2, j), read(3, j), &half[0][j], tile);
#pragma GCC unroll 6
  for (int64_t i = 0; i < patch; ++i) {
    V row[patch];
    transform_output_gradient(half[i][0], half[i][1], half[i][2], half[i][3], row, 1);
#pragma GCC unroll 6
    for (int64_t j = 0; j < patch; ++j) store(out + (i * patch + j) * plane, row[j]);
  }
}

// Calls body(zero, channel, read) for the vectors of channels of a square of `size` pixels at (top, left),
// which read(i, j) gives; outside the image they are zero.
template <class T, class Body>
inline void read_square(const TiledImage<const T>& image, int64_t n, int64_t top, int64_t left, int64_t size,
                        Body&& body) {
  const bool interior = top >= 0 && left >= 0 && top + size <= image.height && left + size <= image.width;
  for_channels<T>(image.channels, [&](auto zero, int64_t c, int64_t count) {
    using V = decltype(zero);
    if (interior && static_cast<std::size_t>(count) * sizeof(T) == sizeof(V)) {
      const T* corner = image.at(n, top, left) + c;
      const int64_t row = image.width * image.pixel_step, column = image.pixel_step;
      body(zero, c, [=](int64_t i, int64_t j) {
        const T* pixel = corner + i * row + j * column;
        __builtin_prefetch(pixel + tile * column);  // the next tile
        return load_as<V>(pixel);
      });
    } else {
      body(zero, c, [&](int64_t i, int64_t j) {
        const bool inside = top + i >= 0 && top + i < image.height && left + j >= 0 && left + j < image.width;
        return inside ? load_partial_as<V>(image.at(n, top + i, left + j) + c, count) : V{};
      });
    }
  });
}

// The transformed patch of one tile: out[position * plane + channel].
template <class T>
void gather_input(const TiledImage<const T>& x, int64_t padding, TileIndex at, T* out, int64_t plane) {
  read_square(
      x, at.n, at.row * tile - padding, at.column * tile - padding, patch,
      [&](auto zero, int64_t c, auto read) { transform_patch<decltype(zero)>(read, out + c, plane); });
}

// The transformed gradient of one tile's results.
template <class T>
void gather_output_gradient(const TiledImage<const T>& dy, TileIndex at, T* out, int64_t plane) {
  read_square(dy, at.n, at.row * tile, at.column * tile, tile, [&](auto zero, int64_t c, auto read) {
    transform_results<decltype(zero)>(read, out + c, plane);
  });
}

// Y = A^T M A (+ bias), cut off at the image's border.
template <class T>
void scatter_output(const TiledImage<T>& y, const T* bias, TileIndex at, const T* in, int64_t plane) {
  const int64_t height = std::min(tile, y.height - at.row * tile),
                width = std::min(tile, y.width - at.column * tile);
  for_channels<T>(y.channels, [&](auto zero, int64_t c, int64_t count) {
    using V = decltype(zero);
    V half[tile][patch];
#pragma GCC unroll 6
    for (int64_t j = 0; j < patch; ++j) {
      V column[patch];
#pragma GCC unroll 6
      for (int64_t i = 0; i < patch; ++i) column[i] = load_as<V>(in + (i * patch + j) * plane + c);
      transform_output(column, 1, &half[0][j], patch);
    }
    const V start = bias ? load_partial_as<V>(bias + c, count) : zero;
#pragma GCC unroll 4
    for (int64_t i = 0; i < tile; ++i) {
      if (i >= height) break;
      V row[tile];
      transform_output(half[i], 1, row, 1);
      T* pixel = y.at(at.n, at.row * tile + i, at.column * tile) + c;
#pragma GCC unroll 4
      for (int64_t j = 0; j < tile; ++j)
        if (j < width) store_partial(pixel + j * y.pixel_step, V(row[j] + start), count);
    }
  });
}

}  // namespace masktwins::kernels::cpu::winograd

// The operands of a convolution ("implicit GEMM": the matrix of patches is never written down; Chetlur et al.
// 2014, "cuDNN: Efficient Primitives for Deep Learning").
//
//   pass              C             A (row, k)                       B (column, k)
//   forward           y  (pixel,o)  patch of x at (pixel, tap)       weight (o, tap)
//   backward data     dx (pixel,c)  patch of dy at (pixel, (u,v,o))  weight (c, (u,v,o))
//   backward weight   dweight       dy (o, pixel)                    patch of x at (pixel, tap)
//
// A tap is (u, v, c): a place of the filter and a channel, in the order of the weights' memory.
#pragma once

#include "kernels/common/fast_divisor.h"
#include "kernels/conv2d.h"
#include "kernels/course/matrix.cuh"

namespace masktwins::kernels::cuda {

struct Pixel {
  int image, row, column;
};

// Splits numbers of pixels of an image, and of taps, into their parts.
struct PixelIndex {
  FastDivisor height, width;
  __device__ Pixel operator()(int pixel) const {
    const int line = width.quotient(pixel), image = height.quotient(line);
    return {image, height.remainder(line, image), width.remainder(pixel, line)};
  }
};
struct TapIndex {
  FastDivisor kernel_width, channels;
  struct Tap {
    int u, v, channel;
  };
  __device__ Tap operator()(int tap) const {
    const int place = channels.quotient(tap), u = kernel_width.quotient(place);
    return {u, kernel_width.remainder(place, u), channels.remainder(tap, place)};
  }
};

// x as seen by the pixels of y.
template <class T>
struct Image {
  const T* data;
  int height, width, channels, stride, padding, dilation;

  // The element at tap (u, v, channel) of the output pixel; null outside the image.
  __device__ const T* at(const Pixel& pixel, const TapIndex::Tap& tap) const {
    const int row = pixel.row * stride - padding + tap.u * dilation;
    const int column = pixel.column * stride - padding + tap.v * dilation;
    if (row < 0 || row >= height || column < 0 || column >= width) return nullptr;
    return data + (int64_t{pixel.image * height + row} * width + column) * channels + tap.channel;
  }
};

// outer: pixel of y; k: tap.
template <class T>
struct Patches {
  using Element = T;
  using Outer = Pixel;
  static constexpr bool k_contiguous = true;

  Image<T> x;
  PixelIndex pixel_index;
  TapIndex tap_index;
  int pixels, taps;
  bool packs;

  __device__ void select(int) {}
  __device__ Outer prepare(int pixel) const { return pixel < pixels ? pixel_index(pixel) : Pixel{-1, 0, 0}; }
  __device__ const T* at(const Outer& pixel, int k) const {
    return pixel.image < 0 || k >= taps ? nullptr : x.at(pixel, tap_index(k));
  }
};

// outer: tap; k: pixel of y.
template <class T>
struct PatchesByTap {
  using Element = T;
  using Outer = TapIndex::Tap;
  static constexpr bool k_contiguous = false;

  Image<T> x;
  PixelIndex pixel_index;
  TapIndex tap_index;
  int pixels, taps;
  bool packs;

  __device__ void select(int) {}
  __device__ Outer prepare(int tap) const { return tap < taps ? tap_index(tap) : Outer{0, 0, -1}; }
  __device__ const T* at(const Outer& tap, int k) const {
    return tap.channel < 0 || k >= pixels ? nullptr : x.at(pixel_index(k), tap);
  }
};

// outer: pixel of x; k: (u, v, o). The elements of dy that were computed from the pixel: with a stride many
// are missing, and their products are with zeros.
template <class T>
struct AdjointPatches {
  using Element = T;
  using Outer = Pixel;
  static constexpr bool k_contiguous = true;

  const T* dy;
  PixelIndex pixel_index;
  TapIndex tap_index;
  FastDivisor stride;
  int pixels, terms, out_height, out_width, out_channels, padding, dilation;
  bool packs;

  __device__ void select(int) {}
  __device__ Outer prepare(int pixel) const { return pixel < pixels ? pixel_index(pixel) : Pixel{-1, 0, 0}; }
  __device__ const T* at(const Outer& pixel, int k) const {
    if (pixel.image < 0 || k >= terms) return nullptr;
    const TapIndex::Tap tap = tap_index(k);
    const int row = pixel.row + padding - tap.u * dilation,
              column = pixel.column + padding - tap.v * dilation;
    if (row < 0 || column < 0) return nullptr;
    const int i = stride.quotient(row), j = stride.quotient(column);
    if (stride.remainder(row, i) != 0 || stride.remainder(column, j) != 0 || i >= out_height ||
        j >= out_width)
      return nullptr;
    return dy + (int64_t{pixel.image * out_height + i} * out_width + j) * out_channels + tap.channel;
  }
};

// outer: input channel c; k: (u, v, o).
template <class T>
struct FilterByChannel {
  using Element = T;
  using Outer = int;
  static constexpr bool k_contiguous = false;

  const T* weight;
  FastDivisor out_channels;
  int channels, places, terms;  // places: kh * kw
  bool packs;

  __device__ void select(int) {}
  __device__ Outer prepare(int channel) const { return channel; }
  __device__ const T* at(Outer channel, int k) const {
    if (channel >= channels || k >= terms) return nullptr;
    const int place = out_channels.quotient(k), o = out_channels.remainder(k, place);
    return weight + (int64_t{o} * places + place) * channels + channel;
  }
};

struct ConvolutionIndex {
  int in_pixels, out_pixels, taps, in_channels, out_channels;

  explicit ConvolutionIndex(const Conv2dShape& s)
      : in_pixels(checked_int(s.batch * s.height * s.width)),
        out_pixels(checked_int(s.batch * s.out_height() * s.out_width())),
        taps(checked_int(s.taps())),
        in_channels(checked_int(s.in_channels)),
        out_channels(checked_int(s.out_channels)) {
    checked_int(s.out_channels * s.kernel_height * s.kernel_width);
  }
};

inline PixelIndex pixels_of(int64_t height, int64_t width) {
  return {FastDivisor(static_cast<int>(height)), FastDivisor(static_cast<int>(width))};
}
inline TapIndex taps_of(const Conv2dShape& s, int64_t channels) {
  return {FastDivisor(static_cast<int>(s.kernel_width)), FastDivisor(static_cast<int>(channels))};
}
template <class T>
Image<T> image_of(const Conv2dShape& s, const T* x) {
  return {x,
          static_cast<int>(s.height),
          static_cast<int>(s.width),
          static_cast<int>(s.in_channels),
          static_cast<int>(s.stride),
          static_cast<int>(s.padding),
          static_cast<int>(s.dilation)};
}
template <class T>
bool packs_of_channels(int64_t channels, const T* data) {
  return channels % pack_size<T> == 0 && pack_aligned(data);
}

// Call product(a, b, store, size) with the operands of each pass.
template <class T, class Product>
void conv2d_by(const Conv2dArgs<T>& args, const Product& product) {
  const Conv2dShape& s = args.shape;
  const ConvolutionIndex n(s);
  const Patches<T> patches{image_of(s, args.x),
                           pixels_of(s.out_height(), s.out_width()),
                           taps_of(s, s.in_channels),
                           n.out_pixels,
                           n.taps,
                           packs_of_channels(s.in_channels, args.x)};
  product(patches, make_matrix<true>(args.weight, n.out_channels, n.taps),
          make_store(args.y, n.out_pixels, n.out_channels, args.bias),
          ProductSize{.m = n.out_pixels, .n = n.out_channels, .k = n.taps});
}

template <class T, class Product>
void conv2d_backward_data_by(const Conv2dBackwardDataArgs<T>& args, const Product& product) {
  const Conv2dShape& s = args.shape;
  const ConvolutionIndex n(s);
  const int places = static_cast<int>(s.kernel_height * s.kernel_width), terms = places * n.out_channels;
  const AdjointPatches<T> patches{args.dy,
                                  pixels_of(s.height, s.width),
                                  taps_of(s, s.out_channels),
                                  FastDivisor(static_cast<int>(s.stride)),
                                  n.in_pixels,
                                  terms,
                                  static_cast<int>(s.out_height()),
                                  static_cast<int>(s.out_width()),
                                  n.out_channels,
                                  static_cast<int>(s.padding),
                                  static_cast<int>(s.dilation),
                                  packs_of_channels(s.out_channels, args.dy)};
  const FilterByChannel<T> filters{args.weight,   FastDivisor(n.out_channels),
                                   n.in_channels, places,
                                   terms,         packs_of_channels(s.in_channels, args.weight)};
  product(patches, filters, make_store(args.dx, n.in_pixels, n.in_channels, args.bias),
          ProductSize{.m = n.in_pixels, .n = n.in_channels, .k = terms});
}

template <class T, class Product>
void conv2d_backward_weight_by(const Conv2dBackwardWeightArgs<T>& args, const Product& product) {
  const Conv2dShape& s = args.shape;
  const ConvolutionIndex n(s);
  const PatchesByTap<T> patches{image_of(s, args.x),
                                pixels_of(s.out_height(), s.out_width()),
                                taps_of(s, s.in_channels),
                                n.out_pixels,
                                n.taps,
                                packs_of_channels(s.in_channels, args.x)};
  split_product(product, make_matrix<false>(args.dy, n.out_channels, n.out_pixels), patches,
                make_store(args.dweight, n.out_channels, n.taps),
                ProductSize{.m = n.out_channels, .n = n.taps, .k = n.out_pixels});
}

}  // namespace masktwins::kernels::cuda

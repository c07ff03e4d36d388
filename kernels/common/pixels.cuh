// Kernels over pixels with few channels, such as the logits of classes. A block brings a tile of pixels into
// shared memory in 16-byte pieces; then each thread owns one pixel with all its channels; results replace the
// first input's tile and leave in 16-byte pieces. Pixels with too many channels for a tile are read where
// they are.
#pragma once

#include <numeric>
#include <type_traits>

#include "kernels/common/pack.cuh"
#include "kernels/common/reduce.cuh"

namespace masktwins::kernels::cuda {

constexpr int pixels_per_block = 128;
constexpr int largest_tile = 48 << 10;  // bytes of shared memory that every GPU gives a block

// The channels of one pixel.
template <class T>
struct PixelRow {
  const T* in;
  T* out;  // may be the same memory
  int channels;
  int first;  // where to begin, so that the lanes of a warp read different banks

  __device__ float value(int c) const { return static_cast<float>(in[c]); }
  __device__ void set(int c, float value) const { out[c] = static_cast<T>(value); }

  // Calls f(channel) for all channels, not always beginning with 0.
  template <class F>
  __device__ __forceinline__ void for_each(F&& f) const {
    for (int i = 0, c = first; i < channels; ++i) {
      f(c);
      if (++c == channels) c = 0;
    }
  }
  __device__ float largest() const {
    float largest = value(first);
    for_each([&](int c) { largest = fmaxf(largest, value(c)); });
    return largest;
  }
};

// How a launch cuts pixels into tiles.
struct PixelTiles {
  int64_t pixels;  // in all
  int channels;
  int elements;  // of one tile in shared memory; 0: no tiles
  int skew;      // channels by which the lanes of a warp drift apart, times 32
  bool aligned;  // 16-byte pieces are possible
};

template <class T>
__device__ __forceinline__ void copy_tile(T* to, const T* from, int count, bool aligned) {
  const int packs = aligned ? count / pack_size<T> : 0;
  for (int i = threadIdx.x; i < packs; i += blockDim.x)
    reinterpret_cast<uint4*>(to)[i] = reinterpret_cast<const uint4*>(from)[i];  // nvcc splits store_pack here
  for (int i = packs * pack_size<T> + threadIdx.x; i < count; i += blockDim.x) to[i] = from[i];
}

// body(pixel, row of each input) reads the rows and may set the first; with `partial` it returns a number,
// and partial[block] is the sum of those.
template <class Body, class T, class... More>
__global__ void __launch_bounds__(pixels_per_block)
    pixels_kernel(Body body, PixelTiles tiles, T* out, double* partial, const T* in, const More*... more) {
  extern __shared__ uint4 memory[];
  __shared__ double warp_sums[pixels_per_block / warp_size];
  T* const tile = reinterpret_cast<T*>(memory);
  const T* const inputs[] = {in, more...};
  constexpr int count = 1 + sizeof...(More);
  const int channels = tiles.channels, lane = threadIdx.x % warp_size;
  double sum = 0;
  for (int64_t begin = int64_t{blockIdx.x} * blockDim.x; begin < tiles.pixels;
       begin += int64_t{gridDim.x} * blockDim.x) {
    const int64_t left = tiles.pixels - begin;
    const int pixels = left < blockDim.x ? static_cast<int>(left) : static_cast<int>(blockDim.x);
    const bool tiled = tiles.elements > 0;
    if (tiled) {
#pragma unroll
      for (int i = 0; i < count; ++i)
        copy_tile(tile + i * tiles.elements, inputs[i] + begin * channels, pixels * channels, tiles.aligned);
      __syncthreads();
    }
    const int64_t pixel = begin + threadIdx.x;
    if (pixel < tiles.pixels) {
      const auto row = [&](int i) {
        T* const here = tile + i * tiles.elements + threadIdx.x * channels;
        return PixelRow<T>{tiled ? here : inputs[i] + pixel * channels, tiled ? here : out + pixel * channels,
                           channels, lane * tiles.skew / warp_size % channels};
      };
      const auto result = [&] {
        if constexpr (count == 1) return body(pixel, row(0));
        else return body(pixel, row(0), row(1));
      };
      if constexpr (std::is_void_v<decltype(result())>) result();
      else sum += static_cast<double>(result());
    }
    if (!tiled) continue;
    __syncthreads();
    if (out) {
      copy_tile(out + begin * channels, tile, pixels * channels, tiles.aligned);
      __syncthreads();
    }
  }
  if (!partial) return;
  sum = block_reduce(sum, warp_sums);
  if (threadIdx.x == 0) partial[blockIdx.x] = sum;
}

template <class Body, class T, class... More>
void launch_pixels(const char* name, const Body& body, int64_t pixels, int64_t channels, T* out,
                   double* partial, unsigned blocks, int block, const T* in, const More*... more) {
  static_assert((std::is_same_v<T, More> && ...) && sizeof...(More) < 2);
  const int64_t row_bytes = channels * static_cast<int64_t>(sizeof(T));
  const int64_t bytes = (1 + sizeof...(More)) * block * row_bytes;
  PixelTiles tiles{pixels, static_cast<int>(channels), 0, 0, pack_aligned(out, in, more...)};
  if (bytes <= largest_tile) {
    tiles.elements = static_cast<int>(block * channels);
    if (row_bytes % 4 == 0)
      tiles.skew =
          static_cast<int>(std::gcd<int64_t>(row_bytes / 4, warp_size)) * 4 / static_cast<int>(sizeof(T));
  }
  launch(name, pixels_kernel<Body, T, More...>, blocks, static_cast<unsigned>(block),
         tiles.elements > 0 ? static_cast<std::size_t>(bytes) : 0)(body, tiles, out, partial, in, more...);
}

// Threads of a block, so that a tile of each of `inputs` fits into shared memory.
inline int pixel_block(int64_t row_bytes, int inputs) {
  int block = pixels_per_block;
  while (block > warp_size && block * row_bytes * inputs > largest_tile) block /= 2;
  return block;
}

// body(pixel, rows...) for every pixel of in and more; what it sets in the first row goes to out (or nowhere,
// if that is null and nothing is set).
template <class Body, class T, class... More>
void for_each_pixel(const char* name, const Body& body, int64_t pixels, int64_t channels, T* out, const T* in,
                    const More*... more) {
  if (pixels * channels == 0) return;
  const int block = pixel_block(channels * static_cast<int64_t>(sizeof(T)), 1 + sizeof...(More));
  launch_pixels(name, body, pixels, channels, out, nullptr, blocks_for(pixels, block), block, in, more...);
}

// *total = factor * sum over pixels of body(pixel, rows...)
template <class Body, class T, class Out, class... More>
void sum_pixels(const char* name, const Body& body, int64_t pixels, int64_t channels, double factor,
                Out* total, const T* in, const More*... more) {
  const int block = pixel_block(channels * static_cast<int64_t>(sizeof(T)), 1 + sizeof...(More));
  const unsigned blocks = channels == 0 ? 0 : blocks_for(pixels, block);
  const DeviceScratch<double> partial(most_blocks);
  if (blocks > 0)
    launch_pixels(name, body, pixels, channels, static_cast<T*>(nullptr), partial.data(), blocks, block, in,
                  more...);
  finish_sum(name, partial.data(), blocks, factor, total);
}

// 1 / pixels, the factor of a mean that is 0 over nothing.
inline double mean_factor(int64_t pixels) { return pixels > 0 ? 1 / static_cast<double>(pixels) : 0; }

}  // namespace masktwins::kernels::cuda

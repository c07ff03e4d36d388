// The channels of a block of pixels, transposed to (channel, pixel), for formulas that go over the channels
// of each pixel (softmax and its losses): their loops run over pixels and vectorise for any number of
// channels.
#pragma once

#include <algorithm>

#include "kernels/common/exp_log.h"
#include "kernels/common/scratch.h"

namespace masktwins::kernels {

template <class T>
class PixelBlock {
 public:
  static constexpr int64_t width = 64;  // pixels

  explicit PixelBlock(int64_t channels) : channels_(channels), values_(channels * width) {}

  int64_t channels() const { return channels_; }
  T* channel(int64_t c) { return values_.data() + c * width; }

  // Reads `pixels` <= width pixels of a channels-last array; the rest of the block becomes 0.
  void load(const T* x, int64_t pixels) {
    if (pixels < width) std::fill_n(values_.data(), channels_ * width, T{0});
    for (int64_t c = 0; c < channels_; ++c) {
      T* to = channel(c);
      for (int64_t p = 0; p < pixels; ++p) to[p] = x[p * channels_ + c];
    }
  }

  // The reverse.
  void store(T* y, int64_t pixels) {
    for (int64_t c = 0; c < channels_; ++c) {
      const T* from = channel(c);
      for (int64_t p = 0; p < pixels; ++p) y[p * channels_ + c] = from[p];
    }
  }

  // Subtracts from every pixel the largest of its channels and writes that to `largest` (width). Differences
  // stay above -10000, whose exponential is 0 already, so that 0 times an infinite one cannot make a NaN.
  void subtract_largest(T* largest) {
    std::copy_n(channel(0), width, largest);
    for (int64_t c = 1; c < channels_; ++c) {
      const T* x = channel(c);
#pragma omp simd
      for (int64_t p = 0; p < width; ++p) largest[p] = x[p] > largest[p] ? x[p] : largest[p];
    }
    for (int64_t c = 0; c < channels_; ++c) {
      T* x = channel(c);
#pragma omp simd
      for (int64_t p = 0; p < width; ++p) {
        const T difference = x[p] - largest[p];
        x[p] = difference < T{-10000} ? T{-10000} : difference;
      }
    }
  }

  // Afterwards: replaces every value by its exponential and writes the sum over channels to `sum` (width).
  void exponentiate(T* sum) {
    std::fill_n(sum, width, T{0});
    for (int64_t c = 0; c < channels_; ++c) {
      T* x = channel(c);
#pragma omp simd
      for (int64_t p = 0; p < width; ++p) {
        x[p] = exp_nonpositive(x[p]);
        sum[p] += x[p];
      }
    }
  }

  // Multiplies all channels of pixel p by factor[p].
  void multiply(const T* factor) {
    for (int64_t c = 0; c < channels_; ++c) {
      T* x = channel(c);
#pragma omp simd
      for (int64_t p = 0; p < width; ++p) x[p] *= factor[p];
    }
  }

 private:
  int64_t channels_;
  Scratch<T> values_;
};

// Calls body(first pixel, number of pixels) for the blocks of [begin, end).
template <class T, class Body>
void for_each_pixel_block(int64_t begin, int64_t end, Body&& body) {
  for (int64_t first = begin; first < end; first += PixelBlock<T>::width)
    body(first, std::min(PixelBlock<T>::width, end - first));
}

}  // namespace masktwins::kernels

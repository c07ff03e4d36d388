#include "kernels/depthwise_conv2d.h"

#include <algorithm>

#include "kernels/common/parallel.h"
#include "kernels/common/scratch.h"
#include "kernels/common/vec.h"

namespace masktwins::kernels::cpu {
namespace {

constexpr int64_t taps = 9;

// Pixels of one row that are computed together: each vector of weights is loaded once for all of them.
constexpr int strip = 4;

// The taps along one axis that fall into the image at position i.
struct TapRange {
  int64_t begin, end;
  bool operator==(const TapRange&) const = default;
};
TapRange taps_inside(int64_t i, int64_t size, int64_t dilation) {
  return {i < dilation ? 1 : 0, i + dilation >= size ? 2 : 3};
}

// Cuts row i into strips whose pixels all see the same taps, and into single pixels where they do not. Calls
// body(std::integral_constant<int, pixels>, j, vertical taps, horizontal taps).
template <class Body>
void for_each_strip(const DepthwiseShape& s, int64_t i, Body&& body) {
  const TapRange vertical = taps_inside(i, s.height, s.dilation);
  for (int64_t j = 0; j < s.width;) {
    const TapRange horizontal = taps_inside(j, s.width, s.dilation);
    if (j + strip <= s.width && taps_inside(j + strip - 1, s.width, s.dilation) == horizontal) {
      body(std::integral_constant<int, strip>(), j, vertical, horizontal);
      j += strip;
    } else {
      body(std::integral_constant<int, 1>(), j, vertical, horizontal);
      ++j;
    }
  }
}

// Calls body(c, lanes that count) for every vector of channels.
template <class T, class Body>
void for_each_vector(int64_t channels, Body&& body) {
  int64_t c = 0;
  for (; c + lanes<T> <= channels; c += lanes<T>) body(c, std::integral_constant<int64_t, lanes<T>>());
  if (c < channels) body(c, channels - c);
}

// Weights as (tap, padded channel), so that a vector holds the same tap of neighbouring channels.
template <class T>
class TapMajorWeights {
 public:
  TapMajorWeights(int64_t channels, const T* weight, bool turned)
      : row_(ceil_div(channels, lanes<T>) * lanes<T>), values_(taps * row_) {
    std::fill_n(values_.data(), taps * row_, T{});
    for (int64_t c = 0; c < channels; ++c)
      for (int64_t tap = 0; tap < taps; ++tap)
        values_.data()[(turned ? taps - 1 - tap : tap) * row_ + c] = weight[c * taps + tap];
  }
  Vec<T> at(int64_t u, int64_t v, int64_t c) const { return load(values_.data() + (3 * u + v) * row_ + c); }

 private:
  int64_t row_;
  Scratch<T> values_;
};

template <class T>
void convolve(const DepthwiseShape& s, const T* x, const TapMajorWeights<T>& weights, const T* bias, T* y) {
  const int64_t channels = s.channels, row_elements = s.width * channels;
  const int64_t grain = std::clamp<int64_t>((1 << 16) / (row_elements + 1), 1, 16);
  parallel_for(s.batch * s.height, grain, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const int64_t i = row % s.height;
      for_each_strip(s, i, [&](auto pixels, int64_t j, TapRange vertical, TapRange horizontal) {
        const T* centre = x + (row * s.width + j) * channels;
        T* out = y + (row * s.width + j) * channels;
        for_each_vector<T>(channels, [&](int64_t c, auto count) {
          Vec<T> sum[decltype(pixels)::value];
          for (int p = 0; p < pixels; ++p) sum[p] = bias ? load_partial(bias + c, count) : Vec<T>{};
          for (int64_t u = vertical.begin; u < vertical.end; ++u)
            for (int64_t v = horizontal.begin; v < horizontal.end; ++v) {
              const Vec<T> weight = weights.at(u, v, c);
              const T* from =
                  centre + (u - 1) * s.dilation * row_elements + (v - 1) * s.dilation * channels + c;
              for (int p = 0; p < pixels; ++p) sum[p] += weight * load_partial(from + p * channels, count);
            }
          for (int p = 0; p < pixels; ++p) store_partial(out + p * channels + c, sum[p], count);
        });
      });
    }
  });
}

}  // namespace

template <class T>
void depthwise_conv2d(const DepthwiseArgs<T>& args) {
  convolve(args.shape, args.x, TapMajorWeights<T>(args.shape.channels, args.weight, false), args.bias,
           args.y);
}

template <class T>
void depthwise_conv2d_backward_data(const DepthwiseBackwardDataArgs<T>& args) {
  convolve<T>(args.shape, args.dy, TapMajorWeights<T>(args.shape.channels, args.weight, true), nullptr,
              args.dx);
}

// The rows of all images are cut into slices, as many as the shape says; each sums alone, and the slices are
// added in order. Sums are (tap, padded channel), with the bias as a tenth tap.
template <class T>
void depthwise_conv2d_backward_weight(const DepthwiseBackwardWeightArgs<T>& args) {
  const DepthwiseShape& s = args.shape;
  const int64_t channels = s.channels, rows = s.batch * s.height, row_elements = s.width * channels;
  const int64_t padded = ceil_div(channels, lanes<T>) * lanes<T>, sum_size = (taps + 1) * padded;
  const int64_t slices = std::clamp<int64_t>(ceil_div(rows, 8), 1, 32);
  const Scratch<T> sums(slices * sum_size);
  std::fill_n(sums.data(), slices * sum_size, T{});
  parallel_for(slices, 1, [&](int64_t slice, int64_t) {
    T* sum = sums.data() + slice * sum_size;
    for (int64_t row = rows * slice / slices; row < rows * (slice + 1) / slices; ++row)
      for_each_strip(s, row % s.height, [&](auto pixels, int64_t j, TapRange vertical, TapRange horizontal) {
        const T* centre = args.x + (row * s.width + j) * channels;
        const T* dy = args.dy + (row * s.width + j) * channels;
        for_each_vector<T>(channels, [&](int64_t c, auto count) {
          Vec<T> gradient[decltype(pixels)::value], bias_sum = load(sum + taps * padded + c);
          for (int p = 0; p < pixels; ++p) {
            gradient[p] = load_partial(dy + p * channels + c, count);
            bias_sum += gradient[p];
          }
          store(sum + taps * padded + c, bias_sum);
          for (int64_t u = vertical.begin; u < vertical.end; ++u)
            for (int64_t v = horizontal.begin; v < horizontal.end; ++v) {
              const T* from =
                  centre + (u - 1) * s.dilation * row_elements + (v - 1) * s.dilation * channels + c;
              T* tap = sum + (3 * u + v) * padded + c;
              Vec<T> tap_sum = load(tap);
              for (int p = 0; p < pixels; ++p)
                tap_sum += gradient[p] * load_partial(from + p * channels, count);
              store(tap, tap_sum);
            }
        });
      });
  });

  for (int64_t slice = 1; slice < slices; ++slice)
    for (int64_t k = 0; k < sum_size; ++k) sums.data()[k] += sums.data()[slice * sum_size + k];
  for (int64_t c = 0; c < channels; ++c) {
    for (int64_t tap = 0; tap < taps; ++tap) args.dweight[c * taps + tap] = sums.data()[tap * padded + c];
    if (args.dbias) args.dbias[c] = sums.data()[taps * padded + c];
  }
}

template void depthwise_conv2d(const DepthwiseArgs<float>&);
template void depthwise_conv2d(const DepthwiseArgs<double>&);
template void depthwise_conv2d_backward_data(const DepthwiseBackwardDataArgs<float>&);
template void depthwise_conv2d_backward_data(const DepthwiseBackwardDataArgs<double>&);
template void depthwise_conv2d_backward_weight(const DepthwiseBackwardWeightArgs<float>&);
template void depthwise_conv2d_backward_weight(const DepthwiseBackwardWeightArgs<double>&);

}  // namespace masktwins::kernels::cpu

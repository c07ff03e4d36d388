// color_jitter: random changes of brightness, contrast, saturation and hue, as kornia 0.5.8 defines them (not
// as torchvision does). Values are de-normalised, v = std x + mean, changed in the given order, and
// normalised again:
//   brightness b:  v <- clamp(v + b - 1)
//   contrast c:    v <- clamp(c v)
//   saturation s:  (H, S, V) <- (H, clamp(s S), V)
//   hue t:         (H, S, V) <- (H + t turns, S, V)
// with clamp to [0, 1] and S = (max - min) / (max + 1e-6). Saturation and hue exist for three channels (RGB)
// only and are left out otherwise. Layout: (batch, pixels, channels). Bytes: 1 read, 1 write. Flops: about 25
// per element.
//
// CUDA: three channels of 16 bits are 6 bytes per pixel, so threads that each own a pixel meet in the banks
// of shared memory.
#pragma once

#include <cmath>
#include <cstdint>

#include "kernels/common/float16.h"
#include "kernels/common/host_device.h"

namespace masktwins::kernels {

enum class ColorChange : uint8_t { brightness, contrast, saturation, hue };

// By how much one image changes, indexed by ColorChange; hue in turns.
template <class T>
struct ColorFactors {
  T by_change[4];
};

template <class T>
struct ColorJitterArgs {
  int64_t batch, pixels, channels;  // pixels of one image
  ColorChange order[4];
  const ColorFactors<Wide<T>>* factors;  // (batch), in host memory like mean and std
  const Wide<T>* mean;                   // (channels)
  const Wide<T>* std;                    // (channels)
  const T* x;
  T* y;
};

template <class T>
HOST_DEVICE T clamp01(T v) {
  return v < T{0} ? T{0} : v > T{1} ? T{1} : v;
}

// The hue hexagon. Conditions pick values instead of branches, so that loops over pixels become vector code.
template <class T>
struct Hsv {
  T hue;  // in sixths of a turn, unbounded
  T saturation, value;
};

template <class T>
HOST_DEVICE Hsv<T> rgb_to_hsv(T r, T g, T b) {
  const T high = r > g ? (r > b ? r : b) : (g > b ? g : b);
  const T low = r < g ? (r < b ? r : b) : (g < b ? g : b);
  const T range = high - low;
  const T divisor = range == T{0} ? T{1} : range;
  const T numerator = r == high ? g - b : g == high ? b - r : r - g;
  const T corner = r == high ? T{0} : g == high ? T{2} : T{4};
  return {corner + numerator / divisor, range / (high + T(1e-6)), high};
}

// Red, green and blue for `corner` 5, 3 and 1.
template <class T>
HOST_DEVICE T hsv_channel(const Hsv<T>& hsv, T corner) {
  const T turned = hsv.hue + corner;
  const T k = turned - T{6} * std::floor(turned / T{6});
  const T ramp = clamp01(k < T{4} - k ? k : T{4} - k);
  return hsv.value - hsv.value * hsv.saturation * ramp;
}

template <class T>
HOST_DEVICE void hsv_to_rgb(const Hsv<T>& hsv, T& r, T& g, T& b) {
  r = hsv_channel(hsv, T{5});
  g = hsv_channel(hsv, T{3});
  b = hsv_channel(hsv, T{1});
}

template <class T>
HOST_DEVICE void change_saturation(T& r, T& g, T& b, T factor) {
  Hsv<T> hsv = rgb_to_hsv(r, g, b);
  hsv.saturation = clamp01(hsv.saturation * factor);
  hsv_to_rgb(hsv, r, g, b);
}

template <class T>
HOST_DEVICE void change_hue(T& r, T& g, T& b, T turns) {
  Hsv<T> hsv = rgb_to_hsv(r, g, b);
  hsv.hue += T{6} * turns;
  hsv_to_rgb(hsv, r, g, b);
}

namespace cpu {
template <class T>
void color_jitter(const ColorJitterArgs<T>& args);
}  // namespace cpu

namespace cuda {
template <class T>
void color_jitter(const ColorJitterArgs<T>& args);
}  // namespace cuda

}  // namespace masktwins::kernels

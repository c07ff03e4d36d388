#include <stdexcept>

#include "kernels/color_jitter.h"
#include "kernels/common/pixels.cuh"

namespace masktwins::kernels::cuda {
namespace {

constexpr int most_channels = 16;

// What happens to the pixels of one image.
struct Jitter {
  ColorChange order[4];
  ColorFactors<float> factors;
  float mean[most_channels], std[most_channels];

  __device__ float factor(ColorChange kind) const { return factors.by_change[static_cast<int>(kind)]; }
};

// Brightness and contrast, which treat each channel alone.
__device__ __forceinline__ float change_channel(const Jitter& jitter, ColorChange kind, float v) {
  if (kind == ColorChange::brightness) return clamp01(v + (jitter.factor(kind) - 1));
  if (kind == ColorChange::contrast) return clamp01(v * jitter.factor(kind));
  return v;
}

struct JitterChannels : Jitter {
  template <class T>
  __device__ void operator()(int64_t, const PixelRow<T>& row) const {
    for (int c = 0; c < row.channels; ++c) {
      float v = row.value(c) * std[c] + mean[c];
#pragma unroll
      for (const ColorChange kind : order) v = change_channel(*this, kind, v);
      row.set(c, (v - mean[c]) / std[c]);
    }
  }
};

struct JitterRgb : Jitter {
  template <class T>
  __device__ void operator()(int64_t, const PixelRow<T>& row) const {
    float v[3];
#pragma unroll
    for (int c = 0; c < 3; ++c) v[c] = row.value(c) * std[c] + mean[c];
#pragma unroll
    for (const ColorChange kind : order) {
      if (kind == ColorChange::saturation) change_saturation(v[0], v[1], v[2], factor(kind));
      else if (kind == ColorChange::hue) change_hue(v[0], v[1], v[2], factor(kind));
      else
#pragma unroll
        for (float& channel : v) channel = change_channel(*this, kind, channel);
    }
#pragma unroll
    for (int c = 0; c < 3; ++c) row.set(c, (v[c] - mean[c]) / std[c]);
  }
};

}  // namespace

template <class T>
void color_jitter(const ColorJitterArgs<T>& args) {
  if (args.channels > most_channels)
    throw std::runtime_error("color_jitter: cuda takes images of at most " + std::to_string(most_channels) +
                             " channels");
  Jitter jitter{};
  std::copy_n(args.order, 4, jitter.order);
  std::copy_n(args.mean, args.channels, jitter.mean);
  std::copy_n(args.std, args.channels, jitter.std);
  for (int64_t image = 0; image < args.batch; ++image) {
    const int64_t offset = image * args.pixels * args.channels;
    const T* x = args.x + offset;
    T* y = args.y + offset;
    jitter.factors = args.factors[image];
    if (args.channels == 3) for_each_pixel("color_jitter", JitterRgb{jitter}, args.pixels, 3, y, x);
    else for_each_pixel("color_jitter", JitterChannels{jitter}, args.pixels, args.channels, y, x);
  }
}

template void color_jitter(const ColorJitterArgs<float>&);
template void color_jitter(const ColorJitterArgs<bfloat16>&);
template void color_jitter(const ColorJitterArgs<float16>&);

}  // namespace masktwins::kernels::cuda

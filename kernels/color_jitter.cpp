#include "kernels/color_jitter.h"

#include <algorithm>

#include "kernels/common/parallel.h"

namespace masktwins::kernels::cpu {
namespace {

constexpr int64_t tile = 512;  // pixels that stay in the first-level cache through all four changes

// Some pixels, channel by channel.
template <class T>
struct Planes {
  int64_t channels, pixels;
  T value[3][tile];
};

// Reads or writes channels first, first + 1, ... of neighbouring pixels.
template <class T>
void load(const ColorJitterArgs<T>& args, const T* x, int64_t first, Planes<T>& planes) {
  for (int64_t c = 0; c < planes.channels; ++c) {
    const T mean = args.mean[first + c], std = args.std[first + c];
    for (int64_t i = 0; i < planes.pixels; ++i)
      planes.value[c][i] = x[i * args.channels + first + c] * std + mean;
  }
}

template <class T>
void store(const ColorJitterArgs<T>& args, const Planes<T>& planes, int64_t first, T* y) {
  for (int64_t c = 0; c < planes.channels; ++c) {
    const T mean = args.mean[first + c], std = args.std[first + c];
    for (int64_t i = 0; i < planes.pixels; ++i)
      y[i * args.channels + first + c] = (planes.value[c][i] - mean) / std;
  }
}

template <class T>
void change(Planes<T>& planes, ColorChange kind, T factor) {
  T* __restrict r = planes.value[0];
  T* __restrict g = planes.value[1];
  T* __restrict b = planes.value[2];
  switch (kind) {
    case ColorChange::brightness:
      for (int64_t c = 0; c < planes.channels; ++c)
        for (T& v : planes.value[c]) v = clamp01(v + (factor - 1));
      return;
    case ColorChange::contrast:
      for (int64_t c = 0; c < planes.channels; ++c)
        for (T& v : planes.value[c]) v = clamp01(v * factor);
      return;
    case ColorChange::saturation:
      if (planes.channels == 3)
        for (int64_t i = 0; i < tile; ++i) change_saturation(r[i], g[i], b[i], factor);
      return;
    case ColorChange::hue:
      if (planes.channels == 3)
        for (int64_t i = 0; i < tile; ++i) change_hue(r[i], g[i], b[i], factor);
      return;
  }
}

}  // namespace

template <class T>
void color_jitter(const ColorJitterArgs<T>& args) {
  const int64_t tiles = ceil_div(args.pixels, tile);
  const int64_t together = args.channels == 3 ? 3 : 1;
  parallel_for(args.batch * tiles, 8, [&](int64_t begin, int64_t end) {
    Planes<T> planes{};
    for (int64_t index = begin; index < end; ++index) {
      const int64_t image = index / tiles, pixel = index % tiles * tile;
      const int64_t offset = (image * args.pixels + pixel) * args.channels;
      planes.channels = together;
      planes.pixels = std::min(tile, args.pixels - pixel);
      for (int64_t first = 0; first < args.channels; first += together) {
        load(args, args.x + offset, first, planes);
        for (const ColorChange kind : args.order)
          change(planes, kind, args.factors[image].by_change[static_cast<int>(kind)]);
        store(args, planes, first, args.y + offset);
      }
    }
  });
}

template void color_jitter(const ColorJitterArgs<float>&);
template void color_jitter(const ColorJitterArgs<double>&);

}  // namespace masktwins::kernels::cpu

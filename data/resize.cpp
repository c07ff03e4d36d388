#include "data/resize.h"

#include <algorithm>
#include <cmath>

namespace masktwins::data {
namespace {

// The inputs that one output pixel of an axis takes: `weights` for first, first + 1, ...
struct Taps {
  int64_t first = 0;
  std::vector<float> weights;
};

// Output pixel i covers [i, i + 1) * ratio; each input counts with the length it shares, over the whole.
Taps area_taps(int64_t i, int64_t size, double ratio) {
  const double begin = static_cast<double>(i) * ratio;
  const double end = std::min(begin + ratio, static_cast<double>(size));
  Taps taps{static_cast<int64_t>(begin), {}};
  for (int64_t at = taps.first; static_cast<double>(at) < end; ++at) {
    const double from = static_cast<double>(at);
    const double shared = std::min(from + 1, end) - std::max(from, begin);
    taps.weights.push_back(static_cast<float>(shared / (end - begin)));
  }
  return taps;
}

// Linear interpolation between pixel centres, constant beyond the outermost.
Taps linear_taps(int64_t i, int64_t size, double ratio) {
  const double centre =
      std::clamp((static_cast<double>(i) + 0.5) * ratio - 0.5, 0.0, static_cast<double>(size - 1));
  const auto first = std::min(static_cast<int64_t>(centre), std::max<int64_t>(size - 2, 0));
  const auto fraction = static_cast<float>(centre - static_cast<double>(first));
  if (size == 1) return {0, {1.0f}};
  return {first, {1.0f - fraction, fraction}};
}

std::vector<Taps> make_taps(int64_t in, int64_t out) {
  const double ratio = static_cast<double>(in) / static_cast<double>(out);
  std::vector<Taps> taps;
  for (int64_t i = 0; i < out; ++i)
    taps.push_back(ratio > 1 ? area_taps(i, in, ratio) : linear_taps(i, in, ratio));
  return taps;
}

Image empty_image(const Image& like, int64_t height, int64_t width) {
  Image image{like.channels, height, width, {}, like.white};
  image.pixels.resize(static_cast<std::size_t>(like.channels * height * width));
  return image;
}

Image resize_rows(const Image& image, int64_t height) {
  Image result = empty_image(image, height, image.width);
  const std::vector<Taps> taps = make_taps(image.height, height);
  const int64_t row_values = image.width * image.channels;
  for (int64_t y = 0; y < height; ++y) {
    const Taps& tap = taps[static_cast<std::size_t>(y)];
    float* out = result.at(y, 0);
    for (std::size_t k = 0; k < tap.weights.size(); ++k) {
      const float* in = image.at(tap.first + static_cast<int64_t>(k), 0);
      for (int64_t i = 0; i < row_values; ++i) out[i] += tap.weights[k] * in[i];
    }
  }
  return result;
}

Image resize_columns(const Image& image, int64_t width) {
  Image result = empty_image(image, image.height, width);
  const std::vector<Taps> taps = make_taps(image.width, width);
  for (int64_t y = 0; y < image.height; ++y)
    for (int64_t x = 0; x < width; ++x) {
      const Taps& tap = taps[static_cast<std::size_t>(x)];
      for (std::size_t k = 0; k < tap.weights.size(); ++k)
        for (int64_t c = 0; c < image.channels; ++c)
          result.at(y, x)[c] += tap.weights[k] * image.at(y, tap.first + static_cast<int64_t>(k))[c];
    }
  return result;
}

}  // namespace

Image resize(const Image& image, int64_t height, int64_t width) {
  return resize_columns(resize_rows(image, height), width);
}

LabelMap resize(const LabelMap& labels, int64_t height, int64_t width) {
  // floor((i + 1/2) * in / out), in integers.
  const auto nearest = [](int64_t i, int64_t in, int64_t out) { return (2 * i + 1) * in / (2 * out); };
  LabelMap result{height, width, {}};
  result.classes.reserve(static_cast<std::size_t>(height * width));
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x)
      result.classes.push_back(labels.classes[static_cast<std::size_t>(
          nearest(y, labels.height, height) * labels.width + nearest(x, labels.width, width))]);
  return result;
}

int64_t scaled(int64_t size, double scale) {
  return std::max<int64_t>(1, static_cast<int64_t>(std::floor(static_cast<double>(size) * scale + 0.5)));
}

}  // namespace masktwins::data

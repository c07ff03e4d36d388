#include "data/blur.h"

#include <cmath>
#include <map>

#include "data/border.h"

namespace masktwins::data {
namespace {

std::vector<float> gaussian_weights(double sigma) {
  const auto radius = static_cast<int64_t>(std::ceil(3 * sigma));
  std::vector<float> weights;
  float sum = 0;
  for (int64_t i = -radius; i <= radius; ++i) {
    const double distance = static_cast<double>(i) / sigma;
    weights.push_back(static_cast<float>(std::exp(-distance * distance / 2)));
    sum += weights.back();
  }
  for (float& weight : weights) weight /= sum;
  return weights;
}

void blur_rows(Image& image, const std::vector<float>& weights) {
  const auto radius = static_cast<int64_t>(weights.size() / 2);
  const int64_t row_values = image.width * image.channels;
  const Image before = image;
  std::fill(image.pixels.begin(), image.pixels.end(), 0.0f);
  for (int64_t row = 0; row < image.height; ++row)
    for (int64_t k = -radius; k <= radius; ++k) {
      const float weight = weights[static_cast<std::size_t>(k + radius)];
      const float* in = before.at(mirrored(row + k, image.height), 0);
      float* out = image.at(row, 0);
      for (int64_t i = 0; i < row_values; ++i) out[i] += weight * in[i];
    }
}

void blur_columns(Image& image, const std::vector<float>& weights) {
  const auto radius = static_cast<int64_t>(weights.size() / 2);
  const int64_t channels = image.channels;
  // One row with its mirrored margins, so that the inner loop runs over neighbouring values.
  std::vector<float> padded(static_cast<std::size_t>((image.width + 2 * radius) * channels));
  for (int64_t row = 0; row < image.height; ++row) {
    for (int64_t column = -radius; column < image.width + radius; ++column)
      std::copy_n(image.at(row, mirrored(column, image.width)), channels,
                  padded.data() + (column + radius) * channels);
    float* out = image.at(row, 0);
    std::fill_n(out, image.width * channels, 0.0f);
    for (std::size_t k = 0; k < weights.size(); ++k) {
      const float* in = padded.data() + static_cast<int64_t>(k) * channels;
      for (int64_t i = 0; i < image.width * channels; ++i) out[i] += weights[k] * in[i];
    }
  }
}

}  // namespace

void gaussian_blur(Image& image, double sigma) {
  if (sigma <= 0) return;
  const std::vector<float> weights = gaussian_weights(sigma);
  blur_rows(image, weights);
  blur_columns(image, weights);
}

void motion_blur(Image& image, int64_t length, double angle) {
  // Points one pixel apart on the line, each shared among its four pixels.
  std::map<std::pair<int64_t, int64_t>, double> taps;
  for (int64_t i = 0; i < length; ++i) {
    const double along = static_cast<double>(i) - static_cast<double>(length - 1) / 2;
    const double row = along * std::cos(angle), column = along * std::sin(angle);
    const auto top = static_cast<int64_t>(std::floor(row)), left = static_cast<int64_t>(std::floor(column));
    const double down = row - std::floor(row), across = column - std::floor(column);
    const double share = 1 / static_cast<double>(length);
    taps[{top, left}] += share * (1 - down) * (1 - across);
    taps[{top, left + 1}] += share * (1 - down) * across;
    taps[{top + 1, left}] += share * down * (1 - across);
    taps[{top + 1, left + 1}] += share * down * across;
  }
  const Image before = image;
  std::fill(image.pixels.begin(), image.pixels.end(), 0.0f);
  for (const auto& [offset, weight] : taps)
    for (int64_t row = 0; row < image.height; ++row)
      for (int64_t column = 0; column < image.width; ++column) {
        const float* in = before.at(mirrored(row + offset.first, image.height),
                                    mirrored(column + offset.second, image.width));
        float* out = image.at(row, column);
        for (int64_t c = 0; c < image.channels; ++c) out[c] += static_cast<float>(weight) * in[c];
      }
}

}  // namespace masktwins::data

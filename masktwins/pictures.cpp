#include "masktwins/pictures.h"

#include <algorithm>
#include <cmath>

#include "tensor/check.h"

namespace masktwins {
namespace {

using data::Image;
using data::LabelMap;

constexpr Color found = {60, 180, 75}, missed = {30, 110, 240}, invented = {230, 40, 40};

// Hue in turns, full saturation and value.
Color color_of_hue(double hue) {
  const auto channel = [&](double shift) {
    const double distance = std::abs(std::fmod(hue + shift, 1.0) * 6 - 3) - 1;
    return static_cast<uint8_t>(std::lround(255 * std::clamp(distance, 0.0, 1.0)));
  };
  return {channel(0), channel(2.0 / 3), channel(1.0 / 3)};
}

// As RGB.
Image colored(const Image& picture) {
  Image result = blank_picture(picture.height, picture.width, {});
  paste(result, picture, 0, 0);
  return result;
}

void blend(float* pixel, Color color, float opacity) {
  for (std::size_t channel = 0; channel < 3; ++channel)
    pixel[channel] += opacity * (static_cast<float>(color[channel]) - pixel[channel]);
}

void require_same_size(const Image& picture, const LabelMap& labels) {
  require(picture.height == labels.height && picture.width == labels.width, "overlay: picture of ",
          picture.width, "x", picture.height, " pixels, labels of ", labels.width, "x", labels.height);
}

}  // namespace

std::vector<Color> class_colors(int64_t classes) {
  if (classes == 2) return {{0, 0, 0}, {255, 140, 0}};
  constexpr double golden_angle = 0.381966;  // in turns
  std::vector<Color> colors;
  for (int64_t label = 0; label < classes; ++label)
    colors.push_back(color_of_hue(std::fmod(static_cast<double>(label) * golden_angle, 1.0)));
  return colors;
}

ValueRange value_range(const Tensor& images, int64_t sample) {
  const int64_t count = images.numel() / images.dim(0);
  const float* first = images.data<float>() + sample * count;
  const auto [low, high] = std::minmax_element(first, first + count);
  return {*low, *high};
}

Image picture_of(const Tensor& images, int64_t sample, ValueRange range) {
  const ImageSize size = image_size(images, "picture");
  Image picture;
  picture.channels = size.channels == 3 ? 3 : 1;
  picture.height = size.height;
  picture.width = size.width;
  const float scale = range.high > range.low ? 255 / (range.high - range.low) : 0;
  const float* pixel = images.data<float>() + sample * size.channels * size.height * size.width;
  for (int64_t i = 0; i < size.height * size.width; ++i, pixel += size.channels)
    for (int64_t channel = 0; channel < picture.channels; ++channel)
      picture.pixels.push_back(std::clamp((pixel[channel] - range.low) * scale, 0.0f, 255.0f));
  return picture;
}

LabelMap predicted_classes(const Tensor& logits, int64_t sample) {
  const ImageSize size = image_size(logits, "predicted classes");
  LabelMap labels{size.height, size.width, {}};
  const float* pixel = logits.data<float>() + sample * size.channels * size.height * size.width;
  for (int64_t i = 0; i < size.height * size.width; ++i, pixel += size.channels)
    labels.classes.push_back(static_cast<uint8_t>(std::max_element(pixel, pixel + size.channels) - pixel));
  return labels;
}

Image overlay(const Image& picture, const LabelMap& labels, const std::vector<Color>& colors, float opacity) {
  require_same_size(picture, labels);
  Image result = colored(picture);
  for (std::size_t i = 0; i < labels.classes.size(); ++i) {
    const uint8_t label = labels.classes[i];
    const bool background = colors.size() == 2 && label == 0;
    if (!background && label < colors.size()) blend(&result.pixels[3 * i], colors[label], opacity);
  }
  return result;
}

Image class_picture(const LabelMap& labels, const std::vector<Color>& colors) {
  Image result = blank_picture(labels.height, labels.width, {});
  for (std::size_t i = 0; i < labels.classes.size(); ++i)
    if (const uint8_t label = labels.classes[i]; label < colors.size())
      std::copy(colors[label].begin(), colors[label].end(), &result.pixels[3 * i]);
  return result;
}

Image heat_map(const float* values, int64_t height, int64_t width) {
  // Corner colours of the map; between them linear.
  constexpr std::array<Color, 4> stops = {Color{20, 10, 70}, {40, 100, 140}, {60, 180, 110}, {253, 231, 37}};
  Image result = blank_picture(height, width, {});
  for (int64_t i = 0; i < height * width; ++i) {
    const float position = 3 * std::clamp(values[i], 0.0f, 1.0f);
    const auto stop = std::min<std::size_t>(2, static_cast<std::size_t>(position));
    float* pixel = &result.pixels[static_cast<std::size_t>(3 * i)];
    std::copy(stops[stop].begin(), stops[stop].end(), pixel);
    blend(pixel, stops[stop + 1], position - static_cast<float>(stop));
  }
  return result;
}

Image error_overlay(const Image& picture, const LabelMap& prediction, const LabelMap& truth,
                    int64_t classes) {
  require_same_size(picture, prediction);
  require_same_size(picture, truth);
  Image result = colored(picture);
  for (std::size_t i = 0; i < truth.classes.size(); ++i) {
    const uint8_t predicted = prediction.classes[i], actual = truth.classes[i];
    float* pixel = &result.pixels[3 * i];
    if (actual == data::ignore_class) continue;
    if (classes > 2) {
      if (predicted != actual) blend(pixel, invented, 0.6f);
    } else if (predicted == 1 || actual == 1) {
      blend(pixel, predicted == actual ? found : actual == 1 ? missed : invented, 0.5f);
    }
  }
  return result;
}

}  // namespace masktwins

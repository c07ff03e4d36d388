#include "data/section.h"

#include <algorithm>
#include <cmath>

#include "tensor/check.h"

namespace masktwins::data {
namespace {

// Maps [darkest, brightest] to [0, 1]; a section of one value becomes all zero.
void stretch(Image& image) {
  const auto [darkest, brightest] = std::minmax_element(image.pixels.begin(), image.pixels.end());
  const float low = *darkest, range = *brightest - *darkest;
  for (float& value : image.pixels) value = range > 0 ? (value - low) / range : 0.0f;
}

void measure(const Image& image, float& mean, float& deviation) {
  double sum = 0, squares = 0;
  for (const float value : image.pixels) sum += value;
  const double centre = sum / static_cast<double>(image.pixels.size());
  for (const float value : image.pixels) squares += (value - centre) * (value - centre);
  const double spread = std::sqrt(squares / static_cast<double>(image.pixels.size()));
  mean = static_cast<float>(centre);
  deviation = spread > 0 ? static_cast<float>(spread) : 1.0f;
}

}  // namespace

Normalisation parse_normalisation(const std::string& name) {
  if (name == "minmax") return Normalisation::minmax;
  if (name == "standard") return Normalisation::standard;
  if (name == "imagenet") return Normalisation::imagenet;
  fail("data.normalisation: unknown '", name, "'; use minmax, standard or imagenet");
}

Section normalise(std::string name, Image image, Normalisation mode) {
  require(!image.pixels.empty(), name, ": the image has no pixels");
  Section section{std::move(name), std::move(image), {}};
  if (mode == Normalisation::imagenet) {
    require(section.image.channels == 3, section.name, ": imagenet normalisation needs 3 channels, got ",
            section.image.channels, "; set model.in_channels = 3");
    for (float& value : section.image.pixels) value /= section.image.white;
    section.mean = {123.675f / 255, 116.28f / 255, 103.53f / 255};
    section.deviation = {58.395f / 255, 57.12f / 255, 57.375f / 255};
  } else {
    stretch(section.image);
  }
  if (mode == Normalisation::standard) {
    float mean = 0, deviation = 1;
    measure(section.image, mean, deviation);
    section.mean.fill(mean);
    section.deviation.fill(deviation);
  }
  section.image.white = 1;
  return section;
}

void apply_normalisation(const Section& section, Image& intensities) {
  for (std::size_t i = 0; i < intensities.pixels.size(); ++i) {
    const std::size_t c = i % static_cast<std::size_t>(intensities.channels);
    intensities.pixels[i] = (intensities.pixels[i] - section.mean[c]) / section.deviation[c];
  }
}

Tensor image_tensor(const Section& section) {
  Image image = section.image;
  apply_normalisation(section, image);
  Tensor tensor = Tensor::empty({1, image.channels, image.height, image.width});
  std::copy(image.pixels.begin(), image.pixels.end(), tensor.data<float>());
  return tensor;
}

Tensor label_tensor(const Section& section) {
  require(section.labelled(), section.name, ": has no labels");
  Tensor tensor = Tensor::empty({1, section.labels.height, section.labels.width}, DType::uint8);
  std::copy(section.labels.classes.begin(), section.labels.classes.end(), tensor.data<uint8_t>());
  return tensor;
}

Image with_channels(Image image, int64_t channels) {
  require(channels == 1 || channels == 3, "data.channels: must be 1 or 3, got ", channels);
  if (image.channels == channels) return image;
  Image result{channels, image.height, image.width, {}, image.white};
  result.pixels.reserve(static_cast<std::size_t>(channels * image.height * image.width));
  for (std::size_t i = 0; i < image.pixels.size(); i += static_cast<std::size_t>(image.channels)) {
    const float* pixel = image.pixels.data() + i;
    if (channels == 3) result.pixels.insert(result.pixels.end(), 3, pixel[0]);
    else result.pixels.push_back(0.299f * pixel[0] + 0.587f * pixel[1] + 0.114f * pixel[2]);
  }
  return result;
}

}  // namespace masktwins::data

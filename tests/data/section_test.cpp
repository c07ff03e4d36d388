// Normalisation and the way from sections to tensors.
#include "data/section.h"

#include <doctest/doctest.h>

#include <cmath>

#include "tests/data/folder.h"

using namespace masktwins;
using namespace masktwins::data;
using masktwins::tests::error_of;

TEST_CASE("minmax stretches a section to [0, 1]") {
  const Section section = normalise("a", Image{1, 1, 3, {50, 100, 150}}, Normalisation::minmax);
  CHECK(section.image.pixels == std::vector<float>{0, 0.5f, 1});
  const Tensor x = image_tensor(section);
  CHECK(x.shape() == Shape{1, 1, 1, 3});
  CHECK(x.to_values<float>() == std::vector<float>{0, 0.5f, 1});
}

TEST_CASE("standard gives zero mean and unit variance") {
  Image image{1, 20, 30, {}};
  for (int i = 0; i < 600; ++i) image.pixels.push_back(static_cast<float>(i * i % 251));
  const Tensor x = image_tensor(normalise("a", image, Normalisation::standard));
  double sum = 0, squares = 0;
  for (const float value : x.to_values<float>()) sum += value, squares += value * value;
  CHECK(std::abs(sum / 600) <= 1e-5);
  CHECK(std::abs(squares / 600 - 1) <= 1e-5);
}

TEST_CASE("imagenet subtracts the mean colour, for 8 and 16 bits alike") {
  const Section narrow = normalise("a", Image{3, 1, 1, {123.675f, 116.28f, 255}}, Normalisation::imagenet);
  const std::vector<float> x = image_tensor(narrow).to_values<float>();
  CHECK(std::abs(x[0]) <= 1e-6f);
  CHECK(std::abs(x[1]) <= 1e-6f);
  CHECK(std::abs(x[2] - (255 - 103.53f) / 57.375f) <= 1e-5f);
  const Section wide =
      normalise("a", Image{3, 1, 1, {123.675f * 257, 116.28f * 257, 65535}, 65535}, Normalisation::imagenet);
  CHECK(std::abs(image_tensor(wide).to_values<float>()[2] - x[2]) <= 1e-5f);
  CHECK(error_of([] { normalise("grey", Image{1, 1, 1, {0}}, Normalisation::imagenet); }).find("grey") == 0);
}

TEST_CASE("a section of one value gives zeros, never NaN") {
  for (const Normalisation mode : {Normalisation::minmax, Normalisation::standard})
    CHECK(image_tensor(normalise("a", Image{1, 2, 2, {9, 9, 9, 9}}, mode)).to_values<float>() ==
          std::vector<float>(4, 0));
}

TEST_CASE("tensors are channels-last in memory and carry the labels") {
  Section section = normalise("a", Image{3, 1, 2, {0, 51, 102, 153, 204, 255}}, Normalisation::minmax);
  section.labels = {1, 2, {1, 255}};
  const std::vector<float> x = image_tensor(section).to_values<float>();
  CHECK(x == std::vector<float>{0, 0.6f, 0.2f, 0.8f, 0.4f, 1});
  const Tensor y = label_tensor(section);
  CHECK(y.shape() == Shape{1, 1, 2});
  CHECK(y.to_values<uint8_t>() == std::vector<uint8_t>{1, 255});
  section.labels = {};
  CHECK(error_of([&] { label_tensor(section); }).find("no labels") != std::string::npos);
}

TEST_CASE("channels are converted") {
  CHECK(with_channels(Image{1, 1, 2, {3, 4}}, 3).pixels == std::vector<float>{3, 3, 3, 4, 4, 4});
  const Image grey = with_channels(Image{3, 1, 1, {100, 200, 50}}, 1);
  CHECK(std::abs(grey.pixels[0] - (29.9f + 117.4f + 5.7f)) <= 1e-4f);
  CHECK(error_of([] { with_channels(Image{1, 1, 1, {0}}, 2); }).find("data.channels") == 0);
}

TEST_CASE("names of normalisations") {
  CHECK(parse_normalisation("standard") == Normalisation::standard);
  CHECK(error_of([] { parse_normalisation("zscore"); }).find("zscore") != std::string::npos);
}

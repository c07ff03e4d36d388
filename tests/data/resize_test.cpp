// Resizing of images and labels.
#include "data/resize.h"

#include <doctest/doctest.h>

#include <cmath>

using namespace masktwins::data;

namespace {

void check_pixels(const Image& image, const std::vector<float>& expected) {
  REQUIRE(image.pixels.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CAPTURE(i);
    CHECK(std::abs(image.pixels[i] - expected[i]) <= 1e-5f);
  }
}

}  // namespace

TEST_CASE("shrinking by two is the mean of 2x2 pixels") {
  check_pixels(resize(Image{1, 2, 4, {1, 2, 3, 4, 5, 6, 7, 8}}, 1, 2), {3.5f, 5.5f});
  check_pixels(resize(Image{3, 2, 2, {1, 10, 100, 2, 20, 200, 3, 30, 300, 4, 40, 400}}, 1, 1),
               {2.5f, 25, 250});
}

TEST_CASE("shrinking by other factors weighs every pixel by the area it shares") {
  // Three pixels to two: each output covers one and a half.
  check_pixels(resize(Image{1, 1, 3, {3, 6, 12}}, 1, 2), {4, 10});
  check_pixels(resize(Image{1, 3, 1, {3, 6, 12}}, 2, 1), {4, 10});
}

TEST_CASE("the mean survives shrinking") {
  Image image{1, 37, 53, {}};
  for (int i = 0; i < 37 * 53; ++i) image.pixels.push_back(static_cast<float>(i * 31 % 256));
  const auto mean = [](const Image& of) {
    double sum = 0;
    for (const float value : of.pixels) sum += value;
    return sum / static_cast<double>(of.pixels.size());
  };
  CHECK(std::abs(mean(resize(image, 11, 17)) - mean(image)) <= 1e-3);
}

TEST_CASE("growing interpolates between pixel centres") {
  check_pixels(resize(Image{1, 1, 2, {0, 4}}, 1, 4), {0, 1, 3, 4});
  check_pixels(resize(Image{1, 1, 1, {7}}, 3, 2), std::vector<float>(6, 7));
}

TEST_CASE("the same size changes nothing") {
  const Image image{1, 2, 3, {1, 2, 3, 4, 5, 6}};
  check_pixels(resize(image, 2, 3), image.pixels);
}

TEST_CASE("labels take the nearest pixel") {
  const LabelMap labels{2, 3, {0, 1, 2, 3, 4, 5}};
  CHECK(resize(labels, 2, 3).classes == labels.classes);
  CHECK(resize(labels, 4, 3).classes == std::vector<uint8_t>{0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5});
  CHECK(resize(LabelMap{1, 6, {0, 1, 2, 3, 4, 5}}, 1, 2).classes == std::vector<uint8_t>{1, 4});
}

TEST_CASE("sizes are rounded and never vanish") {
  CHECK(scaled(1024, 0.5) == 512);
  CHECK(scaled(1052, 2560.0 / 1914) == 1407);  // GTA in HRDA's configuration
  CHECK(scaled(3, 0.01) == 1);
}

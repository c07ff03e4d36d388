// Blurs and the mirrored border.
#include "data/blur.h"

#include <doctest/doctest.h>

#include <cmath>
#include <numbers>

#include "data/border.h"

using namespace masktwins::data;

namespace {

// Black with one white pixel in the middle.
Image dot(int64_t size, int64_t channels = 1) {
  Image image{channels, size, size, {}, 1};
  image.pixels.resize(static_cast<std::size_t>(size * size * channels));
  for (int64_t c = 0; c < channels; ++c) image.at(size / 2, size / 2)[c] = 1;
  return image;
}

double sum(const Image& image) {
  double total = 0;
  for (const float value : image.pixels) total += value;
  return total;
}

}  // namespace

TEST_CASE("the border is mirrored without repeating it") {
  for (const auto& [index, expected] : {std::pair{-1, 1}, {-3, 3}, {4, 2}, {6, 0}, {7, 1}, {-6, 0}, {2, 2}})
    CHECK(mirrored(index, 4) == expected);
  CHECK(mirrored(-5, 1) == 0);
}

TEST_CASE("a Gaussian spreads a dot as its formula says") {
  Image image = dot(21, 3);
  gaussian_blur(image, 2);
  CHECK(std::abs(sum(image) - 3) <= 1e-5);
  const float peak = image.at(10, 10)[1];
  CHECK(std::abs(image.at(10, 12)[1] / peak - std::exp(-0.5f)) <= 1e-5f);
  CHECK(std::abs(image.at(7, 11)[2] / peak - std::exp(-10.0f / 8)) <= 1e-5f);
  Image same = dot(5);
  gaussian_blur(same, 0);
  CHECK(same.pixels == dot(5).pixels);
}

TEST_CASE("blurs leave a flat image flat up to the border") {
  for (const int64_t size : {1, 2, 9}) {
    Image image{1, size, size, std::vector<float>(static_cast<std::size_t>(size * size), 0.3f), 1};
    gaussian_blur(image, 1.7);
    motion_blur(image, 7, 0.8);
    for (const float value : image.pixels) CHECK(std::abs(value - 0.3f) <= 1e-6f);
  }
}

TEST_CASE("motion blur draws a line of the given length and direction") {
  Image vertical = dot(15), horizontal = dot(15), slanted = dot(15);
  motion_blur(vertical, 5, 0);
  motion_blur(horizontal, 5, std::numbers::pi / 2);
  motion_blur(slanted, 5, std::numbers::pi / 4);
  for (int64_t i = -7; i <= 7; ++i) {
    const float expected = std::abs(i) <= 2 ? 0.2f : 0.0f;
    CHECK(std::abs(vertical.at(7 + i, 7)[0] - expected) <= 1e-6f);
    CHECK(std::abs(horizontal.at(7, 7 + i)[0] - expected) <= 1e-6f);
  }
  CHECK(std::abs(sum(slanted) - 1) <= 1e-6);
  CHECK(slanted.at(8, 8)[0] > 0.1f);
  CHECK(slanted.at(8, 6)[0] < 1e-6f);
}

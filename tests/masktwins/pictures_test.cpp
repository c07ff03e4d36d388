#include "masktwins/pictures.h"

#include <doctest/doctest.h>

#include <cmath>

#include "tensor/check.h"

using namespace masktwins;
using data::Image;
using data::LabelMap;

namespace {

Color color_at(const Image& picture, int64_t row, int64_t column) {
  const float* pixel = picture.at(row, column);
  const auto byte = [](float value) { return static_cast<uint8_t>(std::lround(value)); };
  return {byte(pixel[0]), byte(pixel[1]), byte(pixel[2])};
}

int64_t dark_pixels(const Image& picture) {
  int64_t count = 0;
  for (int64_t row = 0; row < picture.height; ++row)
    for (int64_t column = 0; column < picture.width; ++column) count += picture.at(row, column)[0] < 128;
  return count;
}

}  // namespace

TEST_CASE("a tensor becomes a picture in its own range") {
  // Two samples of 2x2 pixels with 3 channels, channel c of pixel (y, x) of sample n = n + c + 10 y + x.
  std::vector<float> values;
  for (int n = 0; n < 2; ++n)
    for (int c = 0; c < 3; ++c)
      for (int y = 0; y < 2; ++y)
        for (int x = 0; x < 2; ++x) values.push_back(static_cast<float>(n + c + 10 * y + x));
  const Tensor images = Tensor::from_values<float>({2, 3, 2, 2}, values);
  const ValueRange range = value_range(images, 1);
  CHECK(range.low == 1);
  CHECK(range.high == 14);
  const Image picture = picture_of(images, 1, {0, 25.5f});
  CHECK(color_at(picture, 1, 0) == Color{110, 120, 130});
  CHECK(color_at(picture_of(images, 1, {1, 2}), 1, 1) == Color{255, 255, 255});
  CHECK(color_at(picture_of(images, 1, {5, 5}), 1, 1) == Color{0, 0, 0});
}

TEST_CASE("predicted classes take the first of equal logits") {
  const std::vector<float> values = {0, 3, 1, /**/ 0, 2, 5, /**/ -1, 3, 1};  // (class, pixel)
  const LabelMap labels = predicted_classes(Tensor::from_values<float>({1, 3, 1, 3}, values), 0);
  CHECK(labels.height == 1);
  CHECK(labels.width == 3);
  CHECK(labels.classes == std::vector<uint8_t>{0, 0, 1});
}

TEST_CASE("overlays colour what they should") {
  const Image grey{1, 1, 4, {100, 100, 100, 100}};
  const LabelMap truth{1, 4, {0, 1, 1, 255}}, prediction{1, 4, {1, 1, 0, 1}};
  const Image colored = overlay(grey, truth, class_colors(2), 0.5f);
  CHECK(color_at(colored, 0, 0) == Color{100, 100, 100});
  CHECK(color_at(colored, 0, 1) == Color{178, 120, 50});
  CHECK(color_at(colored, 0, 3) == Color{100, 100, 100});
  const Image errors = error_overlay(grey, prediction, truth, 2);
  CHECK(color_at(errors, 0, 0)[0] > 150);                 // invented: red
  CHECK(color_at(errors, 0, 1)[1] > 120);                 // found: green
  CHECK(color_at(errors, 0, 2)[2] > 150);                 // missed: blue
  CHECK(color_at(errors, 0, 3) == Color{100, 100, 100});  // ignored
  CHECK_THROWS_AS(overlay(grey, LabelMap{2, 2, {0, 0, 0, 0}}, class_colors(2)), Error);
}

TEST_CASE("colours of classes differ") {
  for (const int64_t classes : {2, 5, 12, 19, 40}) {
    const std::vector<Color> colors = class_colors(classes);
    REQUIRE(static_cast<int64_t>(colors.size()) == classes);
    for (std::size_t i = 0; i < colors.size(); ++i)
      for (std::size_t j = 0; j < i; ++j) CHECK(colors[i] != colors[j]);
  }
}

TEST_CASE("the heat map ends in its corner colours") {
  const std::vector<float> values = {-1, 0, 1, 2};
  const Image map = heat_map(values.data(), 1, 4);
  CHECK(color_at(map, 0, 0) == color_at(map, 0, 1));
  CHECK(color_at(map, 0, 2) == color_at(map, 0, 3));
  CHECK(color_at(map, 0, 2) == Color{253, 231, 37});
}

TEST_CASE("pictures are scaled by whole factors") {
  const Image small{1, 1, 2, {10, 20}};
  const Image large = scaled_to(small, 7);
  CHECK(large.width == 6);
  CHECK(large.height == 3);
  CHECK(large.at(2, 2)[0] == 10);
  CHECK(large.at(0, 3)[0] == 20);
  const Image half = scaled_to({1, 2, 4, {0, 2, 4, 4, 2, 4, 4, 4}}, 2);
  CHECK(half.width == 2);
  CHECK(half.height == 1);
  CHECK(half.pixels == std::vector<float>{2, 4});
}

TEST_CASE("text is drawn inside its measure and cut off at the border") {
  Image page = blank_picture(40, 300, {255, 255, 255});
  draw_text(page, "view 1, IoU 0.75", 4, 0, {0, 0, 0});
  CHECK(dark_pixels(page) > 200);
  const int64_t width = text_width("view 1, IoU 0.75");
  for (int64_t row = 0; row < 40; ++row)
    for (int64_t column = width + 2; column < 300; ++column) CHECK(page.at(row, column)[0] == 255);
  Image tiny = blank_picture(3, 3, {255, 255, 255});
  draw_text(tiny, "cut off \xc3\xa9", -5, -3, {0, 0, 0});
}

TEST_CASE("a contact sheet holds title, captions and panels") {
  const Image panel = blank_picture(64, 64, {0, 200, 0});
  const Image sheet =
      contact_sheet("step 100", {{{"image", panel}, {"view 1", panel}}, {{"teacher", panel}}}, 128);
  CHECK(sheet.width >= 2 * 128);
  CHECK(sheet.height >= 2 * 128 + 3 * text_height);
  int64_t green = 0;
  for (int64_t row = 0; row < sheet.height; ++row)
    for (int64_t column = 0; column < sheet.width; ++column)
      green += color_at(sheet, row, column) == Color{0, 200, 0};
  CHECK(green == 3 * 128 * 128);
}

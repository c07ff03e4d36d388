#include "masktwins/predict.h"

#include <doctest/doctest.h>

#include <cmath>
#include <set>

#include "tests/compare.h"

using namespace masktwins;
using masktwins::tests::check_close;

namespace {

Tensor ramp_image(int64_t height, int64_t width) {
  std::vector<float> values;
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x)
      values.push_back(std::sin(0.3f * static_cast<float>(y) + 0.17f * static_cast<float>(x)));
  return Tensor::from_values<float>({1, 1, height, width}, values);
}

// Logits (0, 3 v) for a pixel of value v: what the network says depends on the pixel alone.
Tensor pixelwise(const Tensor& images) {
  Tensor logits = Tensor::zeros({images.dim(0), 2, images.dim(2), images.dim(3)});
  for (int64_t i = 0; i < images.numel(); ++i) logits.data<float>()[2 * i + 1] = 3 * images.data<float>()[i];
  return logits;
}

Tensor expected_probabilities(const Tensor& image) {
  Tensor result = Tensor::empty({1, 2, image.dim(2), image.dim(3)});
  for (int64_t i = 0; i < image.numel(); ++i) {
    const double foreground = 1 / (1 + std::exp(-3.0 * static_cast<double>(image.data<float>()[i])));
    result.data<float>()[2 * i] = static_cast<float>(1 - foreground);
    result.data<float>()[2 * i + 1] = static_cast<float>(foreground);
  }
  return result;
}

}  // namespace

TEST_CASE("every pixel gets its own prediction, whatever the size and the windows") {
  for (const auto& [height, width] : {std::pair{1, 1}, {3, 5}, {16, 16}, {17, 40}, {64, 33}, {100, 70}}) {
    const Tensor image = ramp_image(height, width);
    for (const int64_t whole_pixels : {1 << 20, 0}) {
      CAPTURE(height);
      CAPTURE(width);
      CAPTURE(whole_pixels);
      const WindowOptions options{.multiple = 16, .window = 32, .whole_pixels = whole_pixels};
      check_close(predict_probabilities(pixelwise, image, options), expected_probabilities(image), 1e-5,
                  "probabilities");
    }
  }
}

TEST_CASE("windows have allowed sizes, overlap by half and end with the image") {
  std::set<std::pair<int64_t, int64_t>> sizes;
  int calls = 0;
  const SegmentationFunction model = [&](const Tensor& images) {
    sizes.insert({images.dim(2), images.dim(3)});
    ++calls;
    return pixelwise(images);
  };
  predict_probabilities(model, ramp_image(70, 20), {.multiple = 16, .window = 32, .whole_pixels = 0});
  CHECK(sizes == std::set<std::pair<int64_t, int64_t>>{{32, 32}});
  CHECK(calls == 4);  // rows 0, 16, 32, 38
  sizes.clear();
  calls = 0;
  predict_probabilities(model, ramp_image(70, 20), {.multiple = 16, .window = 32, .whole_pixels = 1400});
  CHECK(sizes == std::set<std::pair<int64_t, int64_t>>{{80, 32}});
  CHECK(calls == 1);
}

TEST_CASE("padding shows the network the reflected surroundings, in one window or in many") {
  std::vector<Tensor> seen;
  const SegmentationFunction model = [&](const Tensor& images) {
    seen.push_back(images.clone());
    return pixelwise(images);
  };
  const Tensor image = ramp_image(20, 30);
  // 1120 x 1120 of 768 x 1024 in the mitochondria benchmark (section 7.5): 176 rows and 48 columns a side.
  const WindowOptions whole{.multiple = 16, .pad_rows = 6, .pad_columns = 9};
  check_close(predict_probabilities(model, image, whole), expected_probabilities(image), 1e-5, "whole");
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].shape() == Shape{1, 1, 32, 48});
  CHECK(seen[0].to_values<float>() == reflected_window(image, -6, -9, 32, 48).to_values<float>());

  seen.clear();
  const WindowOptions cut{
      .multiple = 16, .window = 16, .stride = 16, .whole_pixels = 0, .pad_rows = 40, .pad_columns = 1};
  check_close(predict_probabilities(model, image, cut), expected_probabilities(image), 1e-5, "windows");
  // Rows -8 and 8, columns -1 and 15; windows without a pixel of the image are left out.
  CHECK(seen.size() == 4);
  for (const Tensor& window : seen) CHECK(window.shape() == Shape{1, 1, 16, 16});
}

TEST_CASE("where windows disagree the nearer centre prevails") {
  // The first window says 0, the second 1; their overlap must rise from one to the other.
  int calls = 0;
  const SegmentationFunction model = [&](const Tensor& images) {
    Tensor logits = Tensor::zeros({1, 2, images.dim(2), images.dim(3)});
    for (int64_t i = 0; i < images.numel(); ++i) logits.data<float>()[2 * i + (calls > 0)] = 50;
    ++calls;
    return logits;
  };
  const Tensor image = ramp_image(16, 48);
  const Tensor result =
      predict_probabilities(model, image, {.multiple = 16, .window = 32, .whole_pixels = 0});
  CHECK(calls == 2);  // columns 0 and 16
  const auto foreground = [&](int64_t column) { return result.data<float>()[2 * column + 1]; };
  CHECK(foreground(15) < 1e-6f);
  CHECK(foreground(17) < 0.1f);
  CHECK(std::abs(foreground(23) + foreground(24) - 1) < 1e-5f);
  CHECK(foreground(30) > 0.9f);
  CHECK(foreground(32) > 1 - 1e-6f);
  for (int64_t column = 17; column < 32; ++column) CHECK(foreground(column) > foreground(column - 1));
}

TEST_CASE("another size: logits of uniform windows are resized, probabilities of gaussian ones") {
  // The logits of class 1 grow by 4 per column, so between two columns the two ways differ.
  const SegmentationFunction model = [](const Tensor& images) {
    Tensor logits = Tensor::zeros({1, 2, images.dim(2), images.dim(3)});
    for (int64_t i = 0; i < images.dim(2) * images.dim(3); ++i)
      logits.data<float>()[2 * i + 1] = 4 * static_cast<float>(i % images.dim(3)) - 14;
    return logits;
  };
  const auto logistic = [](double x) { return 1 / (1 + std::exp(-x)); };
  const Tensor image = ramp_image(4, 8);
  for (const Blend blend : {Blend::uniform, Blend::gaussian}) {
    CAPTURE(static_cast<int>(blend));
    const Tensor result = predict_probabilities(model, image, {.multiple = 1, .blend = blend}, {{6, 16}});
    REQUIRE(result.shape() == Shape{1, 2, 6, 16});
    for (int64_t column = 1; column < 15; ++column) {
      // Pixel centres: column j of 16 lies at (j + 1/2) / 2 - 1/2 of 8.
      const double at = (static_cast<double>(column) + 0.5) / 2 - 0.5, left = std::floor(at);
      const double nearness = at - left;
      const double expected = blend == Blend::uniform ? logistic(4 * at - 14)
                                                      : (1 - nearness) * logistic(4 * left - 14) +
                                                            nearness * logistic(4 * left - 10);
      for (int64_t row = 0; row < 6; ++row)
        CHECK(std::abs(result.data<float>()[2 * (row * 16 + column) + 1] - expected) < 1e-5);
    }
  }
}

TEST_CASE("reflection repeats no border pixel") {
  const std::vector<float> values = {1, 2, 3};
  const Tensor image = Tensor::from_values<float>({1, 1, 1, 3}, values);
  CHECK(reflected_window(image, 0, -4, 1, 10).to_values<float>() ==
        std::vector<float>{1, 2, 3, 2, 1, 2, 3, 2, 1, 2});
}

TEST_CASE("a network that changes the size is an error") {
  const SegmentationFunction model = [](const Tensor&) { return Tensor::zeros({1, 2, 4, 4}); };
  CHECK_THROWS_AS(predict_probabilities(model, ramp_image(16, 16), {}), Error);
}

TEST_CASE("uniform windows: the mean of the logits, three windows over the image of Cityscapes") {
  // Window k says k in the logits of class 1.
  std::vector<std::pair<int64_t, int64_t>> sizes;
  const SegmentationFunction model = [&](const Tensor& images) {
    Tensor logits = Tensor::zeros({1, 2, images.dim(2), images.dim(3)});
    for (int64_t i = 0; i < images.numel(); ++i)
      logits.data<float>()[2 * i + 1] = static_cast<float>(sizes.size());
    sizes.emplace_back(images.dim(2), images.dim(3));
    return logits;
  };
  const WindowOptions options{.window = 64, .stride = 32, .whole_pixels = 0, .blend = Blend::uniform};
  const Tensor result = predict_probabilities(model, ramp_image(64, 128), options);
  CHECK(sizes == std::vector<std::pair<int64_t, int64_t>>(3, {64, 64}));
  const auto check_column = [&](int64_t column, double logit) {
    CAPTURE(column);
    CHECK(std::abs(result.data<float>()[2 * column + 1] - 1 / (1 + std::exp(-logit))) < 1e-6);
  };
  check_column(0, 0);     // window 0 alone
  check_column(40, 0.5);  // windows 0 and 1
  check_column(70, 1.5);  // windows 1 and 2
  check_column(127, 2);   // window 2 alone
}

TEST_CASE("the published windows cover an image of Cityscapes three times") {
  int windows = 0;
  const SegmentationFunction model = [&](const Tensor& images) {
    ++windows;
    CHECK(images.shape() == Shape{1, 1, 1024, 1024});
    return Tensor::zeros({1, 2, 1024, 1024});
  };
  predict_probabilities(model, Tensor::zeros({1, 1, 1024, 2048}),
                        {.multiple = 32, .window = 1024, .stride = 512, .whole_pixels = 0});
  CHECK(windows == 3);
}

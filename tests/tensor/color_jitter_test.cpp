#include "tensor/ops/color_jitter.h"

#include <doctest/doctest.h>

#include <set>

#include "tests/compare.h"

using namespace masktwins;
using kernels::ColorChange;

namespace {

constexpr std::array<ColorChange, 4> usual_order{ColorChange::brightness, ColorChange::contrast,
                                                 ColorChange::saturation, ColorChange::hue};

// One RGB pixel, not normalised, changed by brightness, contrast, saturation and hue.
std::vector<float> changed(const std::vector<float>& rgb, const kernels::ColorFactors<double>& factors) {
  const Tensor x = Tensor::from_values<float>({1, 3, 1, 1}, rgb);
  return color_jitter(x, {usual_order, {factors}}, {0, 0, 0}, {1, 1, 1}).to_values<float>();
}

void check_rgb(const std::vector<float>& actual, const std::vector<double>& expected) {
  for (std::size_t c = 0; c < 3; ++c) CHECK(std::abs(static_cast<double>(actual[c]) - expected[c]) <= 3e-6);
}

}  // namespace

TEST_CASE("brightness adds and contrast multiplies, both clamped") {
  check_rgb(changed({0.3f, 0.5f, 0.95f}, {{1.1, 1, 1, 0}}), {0.4, 0.6, 1});
  check_rgb(changed({0.3f, 0.5f, 0.05f}, {{0.9, 1, 1, 0}}), {0.2, 0.4, 0});
  check_rgb(changed({0.3f, 0.5f, 0.95f}, {{1, 1.1, 1, 0}}), {0.33, 0.55, 1});
}

TEST_CASE("hue turns the colour circle and saturation fades to grey") {
  check_rgb(changed({1, 0, 0}, {{1, 1, 1, 1.0 / 3}}), {0, 1, 0});
  check_rgb(changed({1, 0, 0}, {{1, 1, 1, -1.0 / 3}}), {0, 0, 1});
  check_rgb(changed({0, 0, 1}, {{1, 1, 1, 0.5}}), {1, 1, 0});
  check_rgb(changed({0.8f, 0.4f, 0.2f}, {{1, 1, 0, 0}}), {0.8, 0.8, 0.8});
  check_rgb(changed({0.8f, 0.4f, 0.4f}, {{1, 1, 1.5, 0}}), {0.8, 0.2, 0.2});
  check_rgb(changed({0.7f, 0.7f, 0.7f}, {{1, 1, 1.5, 0.3}}), {0.7, 0.7, 0.7});  // grey has no hue
}

TEST_CASE("a jitter of strength 0 changes nothing beyond rounding") {
  const Tensor x = Tensor::from_values<float>({1, 3, 1, 2}, std::vector<float>{-1, 0.5f, 1, 0, 0.2f, 2});
  const ColorJitter jitter = draw_color_jitter(1, 0, {1, 2}, 3);
  const std::vector<double> mean{0.485, 0.456, 0.406}, std{0.229, 0.224, 0.225};
  tests::check_close(color_jitter(x, jitter, mean, std), x, 1e-5, "unchanged");
}

TEST_CASE("draws lie in their ranges, differ between images and visit every order") {
  std::set<std::array<ColorChange, 4>> orders;
  double lowest = 2, highest = -2;
  for (uint64_t step = 0; step < 500; ++step) {
    const ColorJitter jitter = draw_color_jitter(2, 0.2, {1, 2}, step);
    orders.insert(jitter.order);
    REQUIRE(jitter.factors.size() == 2);
    CHECK(jitter.factors[0].by_change[0] != jitter.factors[1].by_change[0]);
    for (int k = 0; k < 4; ++k) {
      const double change = jitter.factors[1].by_change[k] - (k == 3 ? 0 : 1);
      lowest = std::min(lowest, change);
      highest = std::max(highest, change);
    }
  }
  CHECK(orders.size() == 24);
  CHECK(lowest >= -0.2);
  CHECK(lowest < -0.19);
  CHECK(highest < 0.2);
  CHECK(highest > 0.19);
}

TEST_CASE("factors and statistics must fit the images") {
  const Tensor x = Tensor::zeros({2, 1, 3, 3});
  const ColorJitter one = draw_color_jitter(1, 0.2, {1, 2}, 3), two = draw_color_jitter(2, 0.2, {1, 2}, 3);
  CHECK_NOTHROW(color_jitter(x, two, {0}, {1}));
  CHECK_THROWS_AS(color_jitter(x, one, {0}, {1}), Error);
  CHECK_THROWS_AS(color_jitter(x, two, {0, 0}, {1, 1}), Error);
  CHECK_THROWS_AS(color_jitter(x, two, {0}, {0}), Error);
  CHECK_THROWS_AS(draw_color_jitter(1, 1.1, {1, 2}, 3), Error);
}

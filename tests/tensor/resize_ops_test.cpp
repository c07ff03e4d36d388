// Errors and corner cases of resize_bilinear and resize_nearest.
#include <doctest/doctest.h>

#include "tensor/autograd.h"
#include "tensor/op.h"
#include "tensor/ops/resize_bilinear.h"
#include "tensor/ops/resize_nearest.h"
#include "tests/compare.h"

using namespace masktwins;

namespace {

Tensor row(std::vector<float> values) {
  const Shape shape{1, 1, 1, static_cast<int64_t>(values.size())};
  return Tensor::from_values<float>(shape, std::span<const float>(values));
}

}  // namespace

TEST_CASE("bilinear doubling weighs neighbours 3 to 1 and holds the borders") {
  CHECK(resize_bilinear(row({0, 4, 8}), 1, 6).to_values<float>() == std::vector<float>{0, 1, 3, 5, 7, 8});
}

TEST_CASE("bilinear halving is the mean of each 2 x 2 square") {
  const Tensor x = Tensor::from_values<float>({1, 1, 2, 4}, std::vector<float>{1, 3, 0, 4, 5, 7, 8, 0});
  CHECK(resize_bilinear(x, 1, 2).to_values<float>() == std::vector<float>{4, 3});
}

TEST_CASE("nearest takes the pixel at floor(j * in / out)") {
  CHECK(resize_nearest(row({1, 2, 3}), 1, 5).to_values<float>() == std::vector<float>{1, 1, 2, 2, 3});
  CHECK(resize_nearest(row({1, 2, 3, 4, 5}), 1, 3).to_values<float>() == std::vector<float>{1, 2, 4});
}

TEST_CASE("resizing to the same size changes nothing, and backward conserves the sum of the gradient") {
  const Tensor x = make_inputs({{{{2, 3, 6, 7}}}, {}}, DType::float32, 3)[0];
  tests::check_close(resize_bilinear(x, 6, 7), x, 0, "bilinear");
  tests::check_close(resize_nearest(x, 6, 7), x, 0, "nearest");
  for (const auto& resize : {resize_bilinear, resize_nearest}) {
    const Tensor leaf = x.clone().set_requires_grad();
    const Tensor y = resize(leaf, 13, 5);
    backward(y, Tensor::full(y.shape(), 1));
    double total = 0;
    for (const float value : leaf.grad().to_values<float>()) total += static_cast<double>(value);
    CHECK(total == doctest::Approx(static_cast<double>(y.numel())));
  }
}

TEST_CASE("resize says what is wrong with its input") {
  CHECK_THROWS_WITH_AS(resize_bilinear(Tensor::zeros({2, 3}), 4, 4),
                       "resize_bilinear: needs a (N, C, H, W) tensor, got (2, 3)", Error);
  CHECK_THROWS_WITH_AS(resize_nearest(Tensor::zeros({1, 1, 4, 4}), 0, 4),
                       "resize_nearest: cannot resize (1, 1, 4, 4) to 0 x 4", Error);
  CHECK_THROWS_AS(resize_bilinear(Tensor::zeros({1, 1, 0, 4}), 2, 2), Error);
  CHECK_THROWS_WITH_AS(resize_bilinear(Tensor::zeros({1, 1, 2, 2}, DType::uint8), 4, 4),
                       "resize_bilinear: needs a floating tensor, got uint8", Error);
}

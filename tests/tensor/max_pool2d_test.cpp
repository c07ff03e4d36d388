#include "tensor/ops/max_pool2d.h"

#include <doctest/doctest.h>

#include <cmath>

#include "tensor/autograd.h"

using namespace masktwins;

namespace {

Tensor image(const Shape& shape, std::vector<float> values) {
  return Tensor::from_values<float>(shape, std::span<const float>(values));
}

}  // namespace

TEST_CASE("max_pool2d sends the gradient of equal values to the first of them") {
  Tensor x = image({1, 1, 2, 4}, {3, 3, 1, 2, 3, 3, 2, 2}).set_requires_grad();
  backward(max_pool2d(x), image({1, 1, 1, 2}, {5, 7}));
  CHECK(x.grad().to_values<float>() == std::vector<float>{5, 0, 0, 7, 0, 0, 0, 0});
}

TEST_CASE("max_pool2d ignores positions outside the image, even if everything inside is negative") {
  const Tensor y =
      max_pool2d(image({1, 1, 2, 2}, {-4, -3, -2, -1}), {.kernel = 3, .stride = 1, .padding = 1});
  CHECK(y.to_values<float>() == std::vector<float>{-1, -1, -1, -1});
}

TEST_CASE("max_pool2d hands NaN on") {
  for (int position = 0; position < 4; ++position) {
    std::vector<float> values{1, 2, 3, 4};
    values[static_cast<std::size_t>(position)] = NAN;
    CHECK(std::isnan(max_pool2d(image({1, 1, 2, 2}, values)).item()));
  }
}

TEST_CASE("max_pool2d says what is wrong with its input") {
  CHECK_THROWS_WITH_AS(max_pool2d(Tensor::zeros({2, 3})),
                       "max_pool2d: needs a (N, C, H, W) tensor, got (2, 3)", Error);
  CHECK_THROWS_WITH_AS(max_pool2d(Tensor::zeros({1, 1, 1, 4})),
                       "max_pool2d: kernel 2 is larger than the padded input of shape (1, 1, 1, 4)", Error);
  CHECK_THROWS_AS(max_pool2d(Tensor::zeros({1, 1, 4, 4}), {.kernel = 2, .stride = 2, .padding = 2}), Error);
  CHECK_THROWS_WITH_AS(max_pool2d(Tensor::zeros({1, 1, 4, 4}, DType::uint8)),
                       "max_pool2d: needs a floating tensor, got uint8", Error);
}

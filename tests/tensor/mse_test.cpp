#include "tensor/ops/mse.h"

#include <doctest/doctest.h>

#include "tensor/autograd.h"
#include "tensor/ops/l2_distance.h"
#include "tensor/ops/scale.h"
#include "tests/compare.h"

using namespace masktwins;

namespace {

Tensor image(std::vector<float> values) {
  const Shape shape{1, 2, 1, static_cast<int64_t>(values.size()) / 2};
  return Tensor::from_values<float>(shape, std::span<const float>(values)).set_requires_grad();
}

}  // namespace

TEST_CASE("the gradient of the twins' mse is 2 lambda (z1 - z2) / N, and its opposite") {
  const Tensor z1 = image({1, 2, 3, 4, 5, 6}), z2 = image({0, 2, 5, 4, 4, 9});
  constexpr double lambda = 0.01;
  const Tensor loss = scale(mse(z1, z2), lambda);
  CHECK(loss.item() == doctest::Approx(lambda * (1 + 4 + 1 + 9) / 6));
  backward(loss);
  const std::vector<float> difference{1, 0, -2, 0, 1, -3};
  for (std::size_t i = 0; i < 6; ++i) {
    const double slope = 2 * lambda * static_cast<double>(difference[i]) / 6;
    CHECK(static_cast<double>(z1.grad().to_values<float>()[i]) == doctest::Approx(slope));
    CHECK(static_cast<double>(z2.grad().to_values<float>()[i]) == doctest::Approx(-slope));
  }
}

TEST_CASE("equal twins have consistency loss 0 and gradient 0, squared or not") {
  const auto distance = [](const Tensor& a, const Tensor& b) { return l2_distance(a, b); };
  for (Tensor (*loss)(const Tensor&, const Tensor&) : {+mse, +distance}) {
    const Tensor a = image({1, 2, 3, 4}), b = image({1, 2, 3, 4});
    const Tensor value = loss(a, b);
    CHECK(value.item() == 0);
    backward(value);
    CHECK(tests::largest_error(a.grad(), Tensor::zeros(a.shape())) == 0);
    CHECK(tests::largest_error(b.grad(), Tensor::zeros(b.shape())) == 0);
  }
}

TEST_CASE("l2_distance is the mean length of the difference over channels") {
  const Tensor a = image({3, 0, 4, 5}), b = image({0, 0, 0, 0});  // pixels (3, 4) and (0, 5)
  const Tensor distance = l2_distance(a, b);
  CHECK(distance.item() == doctest::Approx(5));
  backward(distance);
  const Tensor expected = Tensor::from_values<float>({1, 2, 1, 2}, std::vector<float>{0.3f, 0, 0.4f, 0.5f});
  CHECK(tests::largest_error(a.grad(), expected) <= 1e-6);
}

TEST_CASE("distances need tensors that agree") {
  CHECK_THROWS_WITH_AS(mse(Tensor::zeros({2}), Tensor::zeros({3})), "mse: shapes differ, (2) and (3)", Error);
  CHECK_THROWS_WITH_AS(mse(Tensor::zeros({2}), Tensor::zeros({2}, DType::float64)),
                       "mse: dtypes differ, float32 and float64", Error);
  CHECK_THROWS_WITH_AS(l2_distance(Tensor::zeros({2}), Tensor::zeros({2})),
                       "l2_distance: needs a (N, C, H, W) tensor, got (2)", Error);
}

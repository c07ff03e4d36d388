#include "tensor/ops/entropy.h"

#include <doctest/doctest.h>

#include <cmath>

#include "tensor/autograd.h"
#include "tests/compare.h"

using namespace masktwins;

TEST_CASE("entropy of equal logits is log K and flat") {
  Tensor logits = Tensor::full({2, 19, 3, 4}, 7.5).set_requires_grad();
  const Tensor loss = entropy(logits);
  CHECK(loss.item() == doctest::Approx(std::log(19.0)));
  backward(loss);
  CHECK(tests::largest_error(logits.grad(), Tensor::zeros(logits.shape())) <= 1e-7);
}

TEST_CASE("entropy of certain pixels is 0, also with infinite logits") {
  const std::vector<float> values{0, -INFINITY, 1e30f, 0, -200, 200};
  Tensor logits =
      Tensor::from_values<float>({3, 2, 1, 1}, std::span<const float>(values)).set_requires_grad();
  const Tensor loss = entropy(logits);
  CHECK(loss.item() == 0);
  backward(loss);
  CHECK(tests::largest_error(logits.grad(), Tensor::zeros(logits.shape())) == 0);
}

TEST_CASE("entropy lets NaN through") {
  Tensor logits = Tensor::zeros({1, 3, 2, 2});
  logits.data<float>()[4] = NAN;
  CHECK(std::isnan(entropy(logits).item()));
}

TEST_CASE("entropy says what is wrong with its input") {
  CHECK_THROWS_WITH_AS(entropy(Tensor::zeros({4, 4})), "entropy: needs a (N, C, H, W) tensor, got (4, 4)",
                       Error);
  CHECK_THROWS_WITH_AS(entropy(Tensor::zeros({0, 2, 4, 4})),
                       "entropy: logits of shape (0, 2, 4, 4) have no elements", Error);
  CHECK_THROWS_WITH_AS(entropy(Tensor::zeros({1, 2, 4, 4}, DType::int32)),
                       "entropy: needs a floating tensor, got int32", Error);
}

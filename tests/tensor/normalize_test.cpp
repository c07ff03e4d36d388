#include "tensor/ops/normalize.h"

#include <doctest/doctest.h>

#include <cmath>

#include "tensor/autograd.h"
#include "tensor/ops/batch_norm.h"
#include "tensor/ops/group_norm.h"
#include "tensor/ops/instance_norm.h"
#include "tensor/ops/relu.h"
#include "tests/compare.h"

using namespace masktwins;

namespace {

Tensor random_image(const Shape& shape, DType dtype = DType::float32) {
  return make_inputs({{{shape}}, {}}, dtype, 11)[0];
}

}  // namespace

TEST_CASE("one channel per group is the instance norm") {
  const Tensor x = random_image({2, 6, 9, 5});
  tests::check_close(group_norm(x, 6), instance_norm(x), 0, "group norm");
}

TEST_CASE("the fused ReLU is norm, then ReLU, forward and backward") {
  const Tensor fused_x = random_image({2, 5, 9, 7}).set_requires_grad();
  const Tensor plain_x = random_image({2, 5, 9, 7}).set_requires_grad();
  const Tensor fused = instance_norm(fused_x, {}, {}, {.relu = true}), plain = relu(instance_norm(plain_x));
  tests::check_close(fused, plain, 0, "result");
  const Tensor dy = random_image({2, 5, 9, 7});
  backward(fused, dy);
  backward(plain, dy);
  tests::check_close(fused_x.grad(), plain_x.grad(), 1e-6, "gradient");
}

TEST_CASE("a large mean costs no accuracy: the variance is not E[x²] - E[x]²") {
  Tensor x = Tensor::empty({1, 3, 64, 64});
  for (int64_t i = 0; i < x.numel(); ++i)
    x.data<float>()[i] = 4096 + static_cast<float>(i / 3 % 2);  // ±0.5 around
  const Tensor y = instance_norm(x);
  for (int64_t i = 0; i < y.numel(); ++i)
    CHECK(std::abs(std::abs(static_cast<double>(y.data<float>()[i])) - 1) <= 1e-4);
}

TEST_CASE("a constant channel becomes 0") {
  const Tensor y = instance_norm(Tensor::full({1, 2, 8, 8}, 123.4));
  CHECK(tests::largest_error(y, Tensor::zeros(y.shape())) <= 1e-3);
}

TEST_CASE("NaN stays in its region and passes the ReLU") {
  Tensor x = random_image({1, 2, 4, 4});
  x.data<float>()[0] = NAN;  // channel 0
  const std::vector<float> y = instance_norm(x, {}, {}, {.relu = true}).to_values<float>();
  for (std::size_t i = 0; i < 16; ++i) {
    CHECK(std::isnan(y[i]));
    CHECK(std::isfinite(y[16 + i]));
  }
}

TEST_CASE("batch_norm moves running statistics in training and reads them in evaluation") {
  const Tensor x = Tensor::from_values<float>({1, 1, 2, 2}, std::vector<float>{1, 3, 5, 7});
  const Tensor mean = Tensor::full({1}, 10), variance = Tensor::full({1}, 2);
  const Tensor y = batch_norm(x, {}, {}, mean, variance);
  CHECK(mean.item() == doctest::Approx(0.9 * 10 + 0.1 * 4));
  CHECK(variance.item() == doctest::Approx(0.9 * 2 + 0.1 * 20 / 3));  // unbiased
  CHECK(y.data<float>()[0] == doctest::Approx(-3 / std::sqrt(5.0)));  // biased
  const double running_mean = mean.item(), running_variance = variance.item();
  const Tensor z = batch_norm(x, {}, {}, mean, variance, {.training = false});
  CHECK(z.data<float>()[0] == doctest::Approx((1 - running_mean) / std::sqrt(running_variance)));
  CHECK(mean.item() == running_mean);
}

TEST_CASE("batch_norm without running statistics leaves none behind") {
  CHECK(batch_norm(random_image({2, 3, 4, 4}), {}, {}, {}, {}).shape() == Shape{2, 3, 4, 4});
}

TEST_CASE("norms say what is wrong with their inputs") {
  const Tensor x = Tensor::zeros({2, 6, 4, 4}), six = Tensor::zeros({6});
  CHECK_THROWS_WITH_AS(instance_norm(Tensor::zeros({2, 6})),
                       "instance_norm: needs a (N, C, H, W) tensor, got (2, 6)", Error);
  CHECK_THROWS_WITH_AS(instance_norm(x, Tensor::zeros({5})),
                       "instance_norm: needs one parameter per channel, got (5) for input (2, 6, 4, 4)",
                       Error);
  CHECK_THROWS_WITH_AS(instance_norm(x, Tensor::zeros({6}, DType::float64)),
                       "instance_norm: parameters must be float32 for an input of float32, got float64",
                       Error);
  CHECK_THROWS_WITH_AS(group_norm(x, 4), "group_norm: 4 groups do not divide 6 channels", Error);
  CHECK_THROWS_AS(group_norm(x, 0), Error);
  CHECK_THROWS_WITH_AS(batch_norm(x, six, six, {}, {}, {.training = false}),
                       "batch_norm: evaluation needs running statistics", Error);
  CHECK_THROWS_WITH_AS(batch_norm(Tensor::zeros({1, 6, 1, 1}), six, six, {}, {}),
                       "batch_norm: training needs more than one element per channel, got input (1, 6, 1, 1)",
                       Error);
  CHECK_THROWS_WITH_AS(instance_norm(Tensor::zeros({1, 2, 4, 4}, DType::uint8)),
                       "instance_norm: needs a floating tensor, got uint8", Error);
}

#include "nn/adain.h"

#include <doctest/doctest.h>

#include "tensor/autograd.h"
#include "tensor/op.h"
#include "tensor/ops/normalize.h"
#include "tests/compare.h"

using namespace masktwins;

namespace {

Tensor random_image(const Shape& shape, uint32_t seed, double low, double high) {
  return make_inputs({{{shape, Fill::uniform, low, high}}, {}}, DType::float64, seed)[0];
}

Moments moments_of(const Tensor& x) {
  return region_moments({"test", "test", {x.dim(0), x.dim(2) * x.dim(3), x.dim(1), x.dim(1)}, {}}, x);
}

}  // namespace

TEST_CASE("adain gives features the mean and variance of the style, image by image") {
  const Tensor x = random_image({2, 3, 6, 5}, 1, -1, 1), style = random_image({2, 3, 4, 9}, 2, 3, 8);
  const Moments wanted = moments_of(style), got = moments_of(nn::adain(x, nn::style_of(style)));
  tests::check_close(got.mean, wanted.mean, 1e-12, "mean");
  tests::check_close(got.variance, wanted.variance, 1e-4, "variance");  // eps is part of the deviation
}

TEST_CASE("adain with its own style changes nothing") {
  const Tensor x = random_image({1, 2, 5, 5}, 3, -2, 7);
  tests::check_close(nn::adain(x, nn::style_of(x)), x, 1e-9, "adain(x, x)");
}

TEST_CASE("the style of adain gets no gradient, one style serves several images") {
  Tensor x = random_image({3, 2, 4, 4}, 4, -1, 1), style = random_image({1, 2, 4, 4}, 5, 0, 1);
  x.set_requires_grad();
  style.set_requires_grad();
  const Tensor y = nn::adain(x, nn::style_of(style));
  CHECK(y.shape() == x.shape());
  backward(y, random_image(y.shape(), 6, -1, 1));
  CHECK(x.grad().defined());
  CHECK(!style.grad().defined());
}

#include "masktwins/masked_views.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "masktwins/consistency.h"
#include "tensor/op.h"

using namespace masktwins;

namespace {

Tensor images(int64_t batch, int64_t size) {
  return make_inputs({{{{batch, 1, size, size}}}, {}}, DType::float32, 3)[0];
}

UdaConfig config(int64_t masks, bool complementary, std::vector<double> ratio = {0.5}) {
  UdaConfig uda;
  uda.masks = masks;
  uda.complementary = complementary;
  uda.mask_ratio = std::move(ratio);
  uda.mask_block = 8;
  return uda;
}

std::vector<Tensor> views_of(const Tensor& x, const UdaConfig& uda, uint64_t step = 0) {
  RandomStream random{7, step, 0};
  return masked_views(x, uda, random);
}

// In how many views each pixel is visible.
std::vector<int> visible(const Tensor& x, const std::vector<Tensor>& views) {
  std::vector<int> count(static_cast<std::size_t>(x.numel()));
  for (const Tensor& view : views)
    for (int64_t i = 0; i < x.numel(); ++i) count[static_cast<std::size_t>(i)] += view.data<float>()[i] != 0;
  return count;
}

double share(const std::vector<int>& count, int wanted) {
  return static_cast<double>(std::count(count.begin(), count.end(), wanted)) /
         static_cast<double>(count.size());
}

// <v1, v2> / |x|², the information preservation of theorem 1 with f = identity.
double preserved(const Tensor& x, const Tensor& v1, const Tensor& v2) {
  double product = 0, norm = 0;
  for (int64_t i = 0; i < x.numel(); ++i) {
    product += static_cast<double>(v1.data<float>()[i]) * static_cast<double>(v2.data<float>()[i]);
    norm += std::pow(static_cast<double>(x.data<float>()[i]), 2);
  }
  return product / norm;
}

}  // namespace

TEST_CASE("complementary views show every pixel exactly once, for any number of masks") {
  const Tensor x = images(2, 256);
  for (const int64_t masks : {2, 3, 5}) {
    CAPTURE(masks);
    const std::vector<Tensor> views = views_of(x, config(masks, true));
    REQUIRE(static_cast<int64_t>(views.size()) == masks);
    CHECK(share(visible(x, views), 1) == 1);
    for (const Tensor& view : views)
      CHECK(share(visible(x, {view}), 1) == doctest::Approx(1.0 / static_cast<double>(masks)).epsilon(0.15));
  }
}

TEST_CASE("the ratio is the share that the first view hides") {
  const Tensor x = images(4, 256);
  const std::vector<Tensor> views = views_of(x, config(2, true, {0.25}));
  CHECK(share(visible(x, {views[0]}), 1) == doctest::Approx(0.75).epsilon(0.05));
  CHECK(share(visible(x, {views[1]}), 1) == doctest::Approx(0.25).epsilon(0.1));
  CHECK(share(visible(x, views_of(x, config(1, true, {0.7}))), 1) == doctest::Approx(0.3).epsilon(0.1));
}

TEST_CASE("random twins overlap by r (1 - r) and miss as much") {
  const Tensor x = images(8, 256);
  for (const double ratio : {0.5, 0.3}) {
    const std::vector<int> count = visible(x, views_of(x, config(2, false, {ratio})));
    CHECK(share(count, 2) == doctest::Approx(ratio * (1 - ratio)).epsilon(0.1));
    CHECK(share(count, 0) == doctest::Approx(ratio * (1 - ratio)).epsilon(0.1));
  }
}

TEST_CASE("theory with f = identity: random pairs preserve a quarter, complementary pairs nothing") {
  const Tensor x = images(8, 256);
  const std::vector<Tensor> random = views_of(x, config(2, false)),
                            complementary = views_of(x, config(2, true));
  CHECK(preserved(x, random[0], random[1]) == doctest::Approx(0.25).epsilon(0.1));
  CHECK(preserved(x, complementary[0], complementary[1]) == 0);
}

TEST_CASE("views depend on seed and step alone; a list of ratios draws one per step") {
  const Tensor x = images(1, 64);
  const UdaConfig uda = config(2, true, {0.1, 0.9});
  CHECK(visible(x, {views_of(x, uda, 4)[0]}) == visible(x, {views_of(x, uda, 4)[0]}));
  int mostly_hidden = 0;
  for (uint64_t step = 0; step < 40; ++step)
    mostly_hidden += share(visible(x, {views_of(x, uda, step)[0]}), 1) < 0.5;
  CHECK(mostly_hidden > 8);
  CHECK(mostly_hidden < 32);
}

TEST_CASE("consistency: zero for equal views, the mean over all pairs otherwise") {
  const Tensor a = Tensor::full({1, 2, 4, 4}, 1), b = Tensor::full({1, 2, 4, 4}, 3),
               c = Tensor::full({1, 2, 4, 4}, 4);
  for (const char* kind : {"mse_logits", "mse_prob", "l2_prob"}) CHECK(consistency({a, a}, kind).item() == 0);
  CHECK(consistency({a, b}, "mse_logits").item() == 4);
  CHECK(consistency({a, b, c}, "mse_logits").item() == doctest::Approx((4 + 9 + 1) / 3.0));
  CHECK(consistency({a, b}, "mse_prob").item() == doctest::Approx(0));  // equal logits, equal probabilities

  // Probabilities (1, 0) and (0, 1): distance √2 per pixel, mean square 1.
  Tensor sure = Tensor::zeros({1, 2, 1, 1}), opposite = Tensor::zeros({1, 2, 1, 1});
  sure.data<float>()[0] = 50;
  opposite.data<float>()[1] = 50;
  CHECK(consistency({sure, opposite}, "l2_prob").item() == doctest::Approx(std::sqrt(2.0)));
  CHECK(consistency({sure, opposite}, "mse_prob").item() == doctest::Approx(1));
  CHECK_THROWS_AS(consistency({a}, "mse_logits"), Error);
}

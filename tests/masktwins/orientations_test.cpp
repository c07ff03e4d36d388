// Logits averaged over mirrored and turned images.
#include "masktwins/orientations.h"

#include <doctest/doctest.h>

#include "masktwins/config.h"
#include "masktwins/network.h"
#include "tensor/op.h"

using namespace masktwins;

namespace {

Tensor some_images() { return make_inputs({{{{2, 1, 3, 5}}}, {}}, DType::float32, 11)[0]; }

// Two classes; the second sees the pixel, and how far to the right and, ten times as much, how far down it
// lies.
Tensor position_and_pixel(const Tensor& images) {
  Tensor logits = Tensor::zeros({images.dim(0), 2, images.dim(2), images.dim(3)});
  for (int64_t i = 0; i < images.numel(); ++i) {
    const auto x = static_cast<float>(i % images.dim(3));
    const auto y = static_cast<float>(i / images.dim(3) % images.dim(2));
    logits.data<float>()[2 * i] = images.data<float>()[i];
    logits.data<float>()[2 * i + 1] = x + 10 * y;
  }
  return logits;
}

float logit(const Tensor& logits, int64_t pixel, int64_t of_class) {
  return logits.data<float>()[2 * pixel + of_class];
}

}  // namespace

TEST_CASE("what a model says of a pixel comes back to that pixel, from every orientation") {
  const Tensor images = some_images();
  for (const Orientations orientations : {Orientations::mirrored, Orientations::all}) {
    const Tensor logits = average_orientations(position_and_pixel, orientations)(images);
    REQUIRE(logits.shape() == Shape({2, 2, 3, 5}));
    for (int64_t i = 0; i < images.numel(); ++i)
      CHECK(logit(logits, i, 0) == doctest::Approx(images.data<float>()[i]).epsilon(1e-6));
  }
}

TEST_CASE("where a pixel lies averages out over the orientations") {
  const Tensor mirrored = average_orientations(position_and_pixel, Orientations::mirrored)(some_images());
  const Tensor all = average_orientations(position_and_pixel, Orientations::all)(some_images());
  for (int64_t i = 0; i < 30; ++i) {
    // The mean column is 2 of 0..4; rows stay.
    const auto row = static_cast<int>(i / 5 % 3);
    CHECK(logit(mirrored, i, 1) == doctest::Approx(2 + 10 * row));
    // Upright images have mean column 2 and row 1, transposed ones 1 and 2.
    CHECK(logit(all, i, 1) == doctest::Approx((2 + 10 * 1 + 1 + 10 * 2) / 2.0));
  }
}

TEST_CASE("eval.orientations decides what predictions are the mean of") {
  const auto predict = [](const std::string& orientations, const Tensor& images) {
    const Config config = parse_config("", "test", {"model.width=4", "eval.orientations=" + orientations});
    const auto model = build_network(config);
    return prediction_function(config, *model)(images).to_values<float>();
  };
  const Tensor images = make_inputs({{{{1, 1, 16, 32}}}, {}}, DType::float32, 12)[0];
  CHECK(predict("one", images) != predict("mirrored", images));
  CHECK(predict("mirrored", images) != predict("all", images));
}

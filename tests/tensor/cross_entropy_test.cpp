#include "tensor/ops/cross_entropy.h"

#include <doctest/doctest.h>

#include <cmath>

#include "tensor/autograd.h"
#include "tests/compare.h"

using namespace masktwins;

namespace {

// Two classes, one row of pixels; the valid ones have loss 1: z_label = 0 and z_other = log(e - 1).
Tensor logits_of_loss_one(int64_t pixels) {
  Tensor logits = Tensor::zeros({1, 2, 1, pixels});
  for (int64_t p = 0; p < pixels; ++p)
    logits.data<float>()[2 * p + 1] = static_cast<float>(std::log(std::exp(1.0) - 1));
  return logits;
}

}  // namespace

TEST_CASE("the mean goes over all pixels: half of them ignored and the others at 1 give 0.5") {
  Tensor labels = Tensor::zeros({1, 1, 8}, DType::uint8);
  for (int64_t p = 0; p < 8; p += 2) labels.data<uint8_t>()[p] = 255;
  Tensor logits = logits_of_loss_one(8).set_requires_grad();
  const Tensor loss = cross_entropy(logits, labels);
  CHECK(loss.item() == doctest::Approx(0.5));
  backward(loss);
  for (int64_t p = 0; p < 8; ++p) {
    const float slope = logits.grad().data<float>()[2 * p];
    if (p % 2 == 0) CHECK(slope == 0);
    else CHECK(slope == doctest::Approx((std::exp(-1.0) - 1) / 8));
  }
}

TEST_CASE("pixel weights multiply the loss, not the denominator") {
  const Tensor labels = Tensor::zeros({1, 1, 4}, DType::uint8);
  Tensor weights = Tensor::zeros({1, 1, 4});
  weights.data<float>()[1] = 3;
  CHECK(cross_entropy(logits_of_loss_one(4), labels, weights).item() == doctest::Approx(0.75));
}

TEST_CASE("cross_entropy stays finite with enormous logits") {
  Tensor logits = Tensor::zeros({1, 3, 1, 1});
  logits.data<float>()[0] = 1e30f;
  Tensor label = Tensor::zeros({1, 1, 1}, DType::uint8);
  CHECK(cross_entropy(logits, label).item() == 0);
  label.fill(1);
  CHECK(cross_entropy(logits, label).item() == doctest::Approx(1e30));
}

TEST_CASE("cross_entropy says what is wrong with its inputs") {
  const Tensor logits = Tensor::zeros({1, 2, 3, 4});
  Tensor labels = Tensor::zeros({1, 3, 4}, DType::uint8);
  CHECK_THROWS_WITH_AS(cross_entropy(Tensor::zeros({2, 3}), labels),
                       "cross_entropy: needs a (N, C, H, W) tensor, got (2, 3)", Error);
  CHECK_THROWS_WITH_AS(cross_entropy(logits, Tensor::zeros({1, 4, 3}, DType::uint8)),
                       "cross_entropy: labels (1, 4, 3) do not fit logits (1, 2, 3, 4)", Error);
  CHECK_THROWS_WITH_AS(cross_entropy(logits, labels, Tensor::zeros({1, 3, 4}, DType::float64)),
                       "cross_entropy: weights must be float32 of shape (1, 3, 4)", Error);
  labels.data<uint8_t>()[5] = 2;
  CHECK_THROWS_WITH_AS(cross_entropy(logits, labels),
                       "cross_entropy: label 2 with 2 classes; labels are 0 to 1, or 255 for ignored pixels",
                       Error);
  CHECK_THROWS_AS(cross_entropy(logits, Tensor::zeros({1, 3, 4}, DType::int32)), Error);
}

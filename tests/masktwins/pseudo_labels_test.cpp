// What the two thresholds of the teacher's labels do to a pixel: one ignores it, the other calls it
// background.
#include "masktwins/pseudo_labels.h"

#include <doctest/doctest.h>

#include <cmath>

using namespace masktwins;

namespace {

// One pixel for every probability of class 1, of two.
Tensor logits_of(const std::vector<double>& foreground) {
  Tensor logits = Tensor::empty({1, 2, 1, static_cast<int64_t>(foreground.size())}, DType::float64);
  for (std::size_t i = 0; i < foreground.size(); ++i) {
    logits.data<double>()[2 * i] = std::log(1 - foreground[i]);
    logits.data<double>()[2 * i + 1] = std::log(foreground[i]);
  }
  return logits;
}

const Tensor logits = logits_of({0.1, 0.4, 0.6, 0.9});

}  // namespace

TEST_CASE("without thresholds every pixel counts as its most probable class") {
  UdaConfig uda;
  uda.quality_weight = false;
  const PseudoLabels labels = label_by_teacher(logits, uda);
  CHECK(labels.labels.to_values<uint8_t>() == std::vector<uint8_t>{0, 0, 1, 1});
  CHECK(labels.weights.to_values<double>() == std::vector<double>{1, 1, 1, 1});
}

TEST_CASE("uda.threshold ignores unsure pixels of every class") {
  UdaConfig uda;
  uda.quality_weight = false;
  uda.threshold = 0.75;
  const PseudoLabels labels = label_by_teacher(logits, uda);
  CHECK(labels.labels.to_values<uint8_t>() == std::vector<uint8_t>{0, 0, 1, 1});
  CHECK(labels.weights.to_values<double>() == std::vector<double>{1, 0, 0, 1});
}

TEST_CASE("uda.foreground_threshold makes unsure pixels background, and they count") {
  UdaConfig uda;
  uda.quality_weight = false;
  uda.foreground_threshold = 0.75;
  const PseudoLabels labels = label_by_teacher(logits, uda);
  CHECK(labels.labels.to_values<uint8_t>() == std::vector<uint8_t>{0, 0, 0, 1});
  CHECK(labels.weights.to_values<double>() == std::vector<double>{1, 1, 1, 1});
}

TEST_CASE("pixel weights, those of margins and padding, are a factor") {
  UdaConfig uda;
  uda.quality_threshold = 0.75;  // the share of pixels that are as sure is 1/2
  const std::vector<float> values = {1, 0, 1, 0};
  const Tensor pixel_weights = Tensor::from_values<float>({1, 1, 4}, values);
  CHECK(label_by_teacher(logits, uda, pixel_weights).weights.to_values<double>() ==
        std::vector<double>{0.5, 0, 0.5, 0});
  CHECK_THROWS_AS(label_by_teacher(logits, uda, Tensor::zeros({1, 1, 3})), Error);
}

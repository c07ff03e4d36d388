// The confusion matrix against numpy, see tests/reference/write_mean_iou.py.
#include <doctest/doctest.h>

#include <cmath>

#include "data/safetensors.h"
#include "masktwins/metrics.h"

using namespace masktwins;

namespace {

// Both undefined, or nearly equal.
bool same(double a, double b) { return (std::isnan(a) && std::isnan(b)) || std::abs(a - b) <= 1e-12; }

}  // namespace

TEST_CASE(
    "IoU and accuracy of random maps equal numpy's, classes absent from labels or everywhere included") {
  const data::TensorFile golden = data::read_safetensors("tests/golden/mean_iou.safetensors");
  const Tensor &prediction = golden.tensors.at("prediction"), &truth = golden.tensors.at("truth");
  const std::vector<double> iou = golden.tensors.at("iou").to_values<double>();
  const std::vector<double> accuracy = golden.tensors.at("accuracy").to_values<double>();
  const std::vector<double> means = golden.tensors.at("means").to_values<double>();
  ConfusionMatrix confusion(static_cast<int64_t>(iou.size()));
  const auto pixels = static_cast<std::size_t>(truth.dim(1) * truth.dim(2));
  for (std::size_t n = 0; n < static_cast<std::size_t>(truth.dim(0)); ++n)
    confusion.add({prediction.data<uint8_t>() + n * pixels, pixels},
                  {truth.data<uint8_t>() + n * pixels, pixels});
  for (std::size_t label = 0; label < iou.size(); ++label) {
    CAPTURE(label);
    CHECK(same(confusion.iou(static_cast<int64_t>(label)), iou[label]));
    CHECK(same(confusion.accuracy(static_cast<int64_t>(label)), accuracy[label]));
  }
  CHECK(same(confusion.mean_iou(), means[0]));
  CHECK(same(confusion.mean_accuracy(), means[1]));
  CHECK(same(confusion.pixel_accuracy(), means[2]));
  CHECK(same(confusion.mean_iou({0, 4, 9, 10}), means[3]));
  CHECK(std::isnan(iou[9]));
  CHECK(iou[4] == 0);
}

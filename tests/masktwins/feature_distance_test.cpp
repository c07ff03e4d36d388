// The distance to the features of a frozen network, against PyTorch (tests/reference/adaptation_losses.py).
#include "masktwins/feature_distance.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "tensor/autograd.h"
#include "tests/network_golden.h"
#include "tests/tiny_networks.h"

using namespace masktwins;
using namespace masktwins::tests;

namespace {

constexpr uint32_t feature_site = 200200, reference_site = 200201;
const Shape map = {2, 6, 6, 8};

// A network that always says the same.
class FixedFeatures : public nn::SegmentationModel {
 public:
  explicit FixedFeatures(Tensor features) : features_(std::move(features)) {}
  Tensor forward(const Tensor& images) override { return images; }
  Tensor features(const Tensor&) override { return features_; }
  int64_t size_multiple() const override { return 1; }

 private:
  Tensor features_;
};

}  // namespace

TEST_CASE("the feature distance and its gradient are PyTorch's") {
  const data::TensorFile golden =
      data::read_safetensors("tests/golden/adaptation/feature_distance.safetensors");
  for (const DType dtype : {DType::float64, DType::float32}) {
    INFO(name_of(dtype));
    const double tolerance = dtype == DType::float64 ? 1e-12 : 1e-6;
    const FeatureDistance distance(std::make_unique<FixedFeatures>(noise(reference_site, map).to(dtype)),
                                   {1, 3});
    Tensor features = noise(feature_site, map).to(dtype);
    features.set_requires_grad();
    const Tensor loss =
        distance.loss(features, Tensor::zeros({2, 3, 48, 64}, dtype), golden.tensors.at("labels"));
    CHECK(std::abs(loss.item() - expected(golden, "loss")[0]) <= tolerance);
    backward(loss);
    check_probe(features.grad(), expected(golden, "gradient"), tolerance, "gradient");
  }
}

TEST_CASE("without a cell of things the distance is 0, and so is its gradient") {
  const FeatureDistance distance(std::make_unique<FixedFeatures>(Tensor::zeros(map)), {1, 3});
  Tensor features = noise(feature_site, map).to(DType::float32);
  features.set_requires_grad();
  const Tensor loss =
      distance.loss(features, Tensor::zeros({2, 3, 48, 64}), Tensor::zeros({2, 48, 64}, DType::uint8));
  CHECK(loss.item() == 0);
  backward(loss);
  for (const float g : features.grad().to_values<float>()) CHECK(g == 0);
}

TEST_CASE("the reference is in evaluation mode, gets no gradient and never changes") {
  const Tensor images = noise(image_site, {1, 3, 64, 64}).to(DType::float32);
  nn::ModelOptions options = tiny_options();
  options.drop_path = 0.9;  // would show at once
  auto reference = nn::build_model("daformer-b0", options);
  nn::SegmentationModel& network = *reference;
  const FeatureDistance distance(std::move(reference), {0});
  const Tensor features = network.features(images);
  const Tensor labels = Tensor::zeros({1, 64, 64}, DType::uint8);
  Tensor student = Tensor::zeros(features.shape());
  student.set_requires_grad();
  const double first = distance.loss(student, images, labels).item();
  backward(distance.loss(student, images, labels));
  CHECK(first > 0);
  CHECK(distance.loss(student, images, labels).item() == first);
  CHECK(distance.loss(features, images, labels).item() == 0);
  for (const auto& [name, parameter] : network.named_parameters()) CHECK(!parameter->grad().defined());
}

TEST_CASE("a cell with 76 % car counts as car, one with 74 % as nothing") {
  const FeatureDistance distance(std::make_unique<FixedFeatures>(Tensor::zeros({1, 6, 1, 1})), {13});
  const auto loss = [&](double car) {
    Tensor labels = Tensor::zeros({1, 64, 64}, DType::uint8);  // road
    std::fill_n(labels.data<uint8_t>(), static_cast<int64_t>(car * 64 * 64), uint8_t{13});
    return distance.loss(Tensor::full({1, 6, 1, 1}, 1), Tensor::zeros({1, 3, 64, 64}), labels).item();
  };
  CHECK(loss(0.76) == doctest::Approx(std::sqrt(6.0)));
  CHECK(loss(0.74) == 0);
  CHECK(loss(0.24) == 0);  // road is no thing
}

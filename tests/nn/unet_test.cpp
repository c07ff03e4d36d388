#include "nn/unet.h"

#include <doctest/doctest.h>

#include "tensor/autograd.h"
#include "tensor/ops/mean.h"
#include "tests/compare.h"

using namespace masktwins;

namespace {

std::unique_ptr<nn::SegmentationModel> unet(int64_t width, const std::string& norm) {
  return nn::build_model("unet", {.width = width, .norm = norm, .in_channels = 1, .classes = 2, .seed = 1});
}

}  // namespace

TEST_CASE("unet has the published number of parameters") {
  CHECK(nn::count_parameters(*unet(64, "instance")) == 14725026);
  CHECK(nn::count_parameters(*unet(64, "batch")) == 14732898);
}

TEST_CASE("unet names its parameters as DA-ISC does") {
  const auto model = unet(4, "instance");
  std::vector<std::string> names;
  for (const auto& [name, tensor] : model->named_parameters()) names.push_back(name);
  CHECK(names.front() == "inc.conv.conv.0.weight");
  CHECK(std::count(names.begin(), names.end(), "inc.conv.conv.3.bias") == 1);
  CHECK(std::count(names.begin(), names.end(), "down4.mpconv.1.conv.3.weight") == 1);
  CHECK(std::count(names.begin(), names.end(), "up1.up.weight") == 1);
  CHECK(std::count(names.begin(), names.end(), "up4.conv.conv.0.weight") == 1);
  CHECK(names.back() == "out.conv.3.bias");
}

TEST_CASE("unet keeps the size of the image and trains every parameter") {
  for (const char* norm : {"instance", "batch", "group"}) {
    CAPTURE(norm);
    const auto model = unet(4, norm);
    const Tensor logits = model->forward(Tensor::full({2, 1, 32, 48}, 0.5));
    CHECK(logits.shape() == Shape{2, 2, 32, 48});
    backward(mean(logits));
    for (const auto& [name, parameter] : model->named_parameters()) {
      CAPTURE(name);
      CHECK(parameter->grad().defined());
    }
  }
}

TEST_CASE("unet says which sizes it takes") {
  const auto model = unet(4, "instance");
  CHECK_THROWS_WITH_AS(model->forward(Tensor::zeros({1, 1, 40, 32})), doctest::Contains("multiples of 16"),
                       Error);
  CHECK_THROWS_WITH_AS(unet(3, "instance"), doctest::Contains("even"), Error);
  CHECK_THROWS_WITH_AS(nn::build_model("nonet", {}), doctest::Contains("unet"), Error);
}

TEST_CASE("the same seed gives the same network, another seed another") {
  const auto first = [](uint32_t seed) {
    const auto model = nn::build_model("unet", {.width = 4, .seed = seed});
    return model->named_parameters()[0].second->to_values<float>();
  };
  CHECK(first(1) == first(1));
  CHECK(first(1) != first(2));
}

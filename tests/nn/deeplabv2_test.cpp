// DeepLabV2 with a ResNet-v1c encoder: sizes, names, shapes, and values against PyTorch.
#include "nn/deeplabv2.h"

#include <doctest/doctest.h>

#include "nn/resnet.h"
#include "tensor/autograd.h"
#include "tests/network_golden.h"

using namespace masktwins;
using namespace masktwins::tests;

namespace {

nn::ModelOptions narrow() {
  nn::ModelOptions options;
  options.in_channels = 3;
  options.classes = 5;
  options.stage_channels = {4, 6, 8, 10};
  options.stage_depths = {1, 2, 2, 2};
  return options;
}

nn::ModelOptions published() {
  nn::ModelOptions options;
  options.in_channels = 3;
  options.classes = 19;
  return options;
}

}  // namespace

// Counted by tests/reference/deeplabv2.py.
TEST_CASE("DeepLabV2 has PyTorch's numbers of parameters") {
  CHECK(nn::count_parameters(*nn::build_model("deeplabv2-r50", published())) == 24928172);
  CHECK(nn::count_parameters(*nn::build_model("deeplabv2-r101", published())) == 43920300);
}

TEST_CASE("DeepLabV2 names its parameters as open-mmlab and DAFormer do") {
  nn::ModelOptions options = narrow();
  options.stage_depths = {};  // as published
  const auto model = nn::build_model("deeplabv2-r50", options);
  const auto parameters = sorted_parameters(*model);
  for (const char* name :
       {"backbone.stem.0.weight", "backbone.stem.7.bias", "backbone.layer1.0.downsample.0.weight",
        "backbone.layer1.0.downsample.1.weight", "backbone.layer3.5.conv2.weight",
        "backbone.layer4.2.bn3.bias", "decode_head.aspp_modules.0.conv.weight",
        "decode_head.aspp_modules.3.conv.bias"}) {
    CAPTURE(name);
    CHECK(parameters.count(name) == 1);
  }
  CHECK(parameters.count("backbone.layer1.1.downsample.0.weight") == 0);
  CHECK(parameters.count("backbone.stem.0.bias") == 0);
}

TEST_CASE("the maps of the dilated ResNet have an eighth of the image's size") {
  nn::Initializer init(1);
  nn::ResNet resnet({.depths = {1, 1, 1, 1}, .widths = {4, 6, 8, 10}}, init);
  CHECK(resnet.channels() == std::vector<int64_t>{16, 24, 32, 40});
  const std::vector<Tensor> maps = resnet.forward(Tensor::full({1, 3, 64, 32}, 1));
  REQUIRE(maps.size() == 4);
  CHECK(maps[0].shape() == Shape{1, 16, 16, 8});
  CHECK(maps[1].shape() == Shape{1, 24, 8, 4});
  CHECK(maps[2].shape() == Shape{1, 32, 8, 4});
  CHECK(maps[3].shape() == Shape{1, 40, 8, 4});
}

TEST_CASE("a fresh block passes on its input, and a fresh head knows nothing") {
  nn::Initializer init(1);
  nn::Bottleneck block(8, 2, 1, 1, init);
  const Tensor x = Tensor::full({1, 8, 4, 4}, 2);
  CHECK(block.forward(x).to_values<float>() == x.to_values<float>());
  const nn::DeeplabV2Head head(128, 19, {6, 12}, init);
  const Tensor weight = *sorted_parameters(head).at("aspp_modules.1.conv.weight");
  double squares = 0;
  for (const float value : weight.to_values<float>()) squares += double{value} * value;
  CHECK(std::sqrt(squares / static_cast<double>(weight.numel())) == doctest::Approx(0.01).epsilon(0.01));
}

TEST_CASE("DeepLabV2 computes what PyTorch computes") {
  in_both_precisions("deeplabv2", [](const data::TensorFile& golden, DType dtype, double tolerance) {
    const auto model = nn::build_model("deeplabv2-r101", narrow());
    initialise(*model, dtype);
    const Tensor images = noise(image_site, {2, 3, 72, 104}).to(dtype);
    const nn::SegmentationOutput output = model->outputs(images);
    check_probe(output.logits, expected(golden, "logits"), tolerance, "logits");
    check_probe(output.features, expected(golden, "features"), tolerance, "features");
    backward(output.logits, noise(weights_site, output.logits.shape()).to(dtype));
    check_gradients(*model, golden, tolerance);
    model->set_training(false);
    check_probe(model->forward(images), expected(golden, "prediction"), tolerance, "prediction");
  });
}

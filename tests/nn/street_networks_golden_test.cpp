// The street networks against PyTorch, in double and in single precision, see
// tests/reference/write_street_networks.py and parameter_draws.py.
#include <doctest/doctest.h>

#include "nn/daformer_head.h"
#include "nn/mit.h"
#include "nn/segmentation_model.h"
#include "tensor/autograd.h"
#include "tensor/ops/add.h"
#include "tensor/ops/mul.h"
#include "tensor/ops/sum.h"
#include "tensor/random.h"
#include "tests/network_golden.h"

using namespace masktwins;
using namespace masktwins::tests;

namespace {

// As published, but for what is random and for the classes.
nn::ModelOptions published() {
  nn::ModelOptions options;
  options.in_channels = 3;
  options.classes = 5;
  options.drop_path = options.dropout = 0;
  return options;
}

nn::ModelOptions narrow() {
  nn::ModelOptions options = published();
  options.stage_channels = {8, 16, 20, 32};
  options.stage_depths = {1, 1, 2, 1};
  options.head_channels = 12;
  options.hr_crop = 64;
  return options;
}

}  // namespace

TEST_CASE("SegFormer-B0 computes what Hugging Face's computes") {
  in_both_precisions("segformer-b0", [](const data::TensorFile& golden, DType dtype, double tolerance) {
    const auto model = nn::build_model("segformer-b0", published());
    initialise(*model, dtype);
    const Tensor logits = model->outputs(noise(image_site, {2, 3, 64, 96}).to(dtype)).logits;
    check_probe(logits, expected(golden, "logits"), tolerance, "logits");
    backward(logits, noise(weights_site, logits.shape()).to(dtype));
    check_gradients(*model, golden, tolerance);
  });
}

TEST_CASE("SegFormer-B5 computes what Hugging Face's computes") {
  in_both_precisions("segformer-b5", [](const data::TensorFile& golden, DType dtype, double tolerance) {
    const auto model = nn::build_model("segformer-b5", published());
    initialise(*model, dtype);
    const NoGrad no_grad;
    const Tensor logits = model->outputs(noise(image_site, {1, 3, 64, 32}).to(dtype)).logits;
    check_probe(logits, expected(golden, "logits"), tolerance, "logits");
  });
}

TEST_CASE("blocks of B1 to B5 compute what Hugging Face's compute") {
  const int64_t channels[] = {64, 128, 320, 512}, heads[] = {1, 2, 5, 8}, reductions[] = {8, 4, 2, 1};
  for (int s = 0; s < 4; ++s)
    in_both_precisions("block" + std::to_string(s + 1),
                       [&](const data::TensorFile& golden, DType dtype, double tolerance) {
                         nn::Initializer init(1);
                         nn::MixBlock block(channels[s], heads[s], reductions[s], 0, init);
                         initialise(block, dtype);
                         const Tensor y = block.forward(noise(image_site, {1, channels[s], 16, 8}).to(dtype));
                         check_probe(y, expected(golden, "result"), tolerance, "result");
                         backward(y, noise(weights_site, y.shape()).to(dtype));
                         check_gradients(block, golden, tolerance);
                       });
}

TEST_CASE("DAFormer computes what PyTorch computes") {
  in_both_precisions("daformer", [](const data::TensorFile& golden, DType dtype, double tolerance) {
    const auto model = nn::build_model("daformer-b0", narrow());
    initialise(*model, dtype);
    const nn::SegmentationOutput output = model->outputs(noise(image_site, {2, 3, 160, 192}).to(dtype));
    check_probe(output.logits, expected(golden, "logits"), tolerance, "logits");
    check_probe(output.features, expected(golden, "features"), tolerance, "features");
    backward(output.logits, noise(weights_site, output.logits.shape()).to(dtype));
    check_gradients(*model, golden, tolerance);
  });
}

namespace {

// On maps whose sizes are no multiples of 8: ISA pads these on both sides, which no image of a whole network
// needs.
void check_daformer_head(const std::string& fusion) {
  in_both_precisions(
      "daformer_" + fusion, [&](const data::TensorFile& golden, DType dtype, double tolerance) {
        const nn::ModelOptions options = narrow();
        const std::vector<int64_t> channels(options.stage_channels.begin(), options.stage_channels.end());
        nn::Initializer init(1);
        nn::DaformerHead head(channels, options.head_channels, options.classes, fusion, 0, init);
        initialise(head, dtype);
        const std::vector<std::pair<int64_t, int64_t>> sizes = {{21, 13}, {11, 7}, {6, 4}, {3, 2}};
        std::vector<Tensor> maps;
        for (std::size_t i = 0; i < sizes.size(); ++i) {
          const Shape shape{2, channels[i], sizes[i].first, sizes[i].second};
          maps.push_back(noise(image_site + 10 + static_cast<uint32_t>(i), shape).to(dtype));
          maps.back().set_requires_grad();
        }
        const Tensor logits = head.forward(maps);
        check_probe(logits, expected(golden, "logits"), tolerance, "logits");
        const Tensor weights = noise(weights_site, logits.shape()).to(dtype);
        backward(logits, weights);
        // Batch norm takes away what the biases of ISA's values add, so that in training their gradients are
        // 0: in single precision nothing but rounding. In evaluation they are not.
        if (dtype == DType::float64) check_gradients(head, golden, tolerance);
        for (std::size_t i = 0; i < maps.size(); ++i) {
          const std::string name = "map" + std::to_string(i) + "_gradient";
          check_probe(maps[i].grad(), expected(golden, name), tolerance, name);
        }
        head.set_training(false);
        for (const auto& [name, parameter] : head.named_parameters()) parameter->set_grad({});
        const Tensor prediction = head.forward(maps);
        check_probe(prediction, expected(golden, "prediction"), tolerance, "prediction");
        backward(prediction, weights);
        check_gradients(head, golden, tolerance, "prediction_gradients");
      });
}

}  // namespace

TEST_CASE("DAFormer's head with the other fusions of its ablation computes what PyTorch computes") {
  for (const char* fusion : {"dense-aspp", "conv1", "isa", "context-f4"}) check_daformer_head(fusion);
}

namespace {

// In training, as teacher and in evaluation.
void check_hrda(const std::string& network, const std::string& file) {
  in_both_precisions(file, [&](const data::TensorFile& golden, DType dtype, double tolerance) {
    const auto model = nn::build_model(network, narrow());
    initialise(*model, dtype);
    const Tensor images = noise(image_site, {2, 3, 128, 192}).to(dtype);
    begin_random_step(7, 3);
    const nn::SegmentationOutput output = model->outputs(images);
    CHECK(std::vector<int64_t>{output.detail_window.top, output.detail_window.left} ==
          golden.tensors.at("window").to_values<int64_t>());
    check_probe(output.logits, expected(golden, "logits"), tolerance, "logits");
    check_probe(output.detail_logits, expected(golden, "detail_logits"), tolerance, "detail_logits");
    const auto weighted = [&](const Tensor& logits, uint32_t site) {
      return sum(mul(logits, noise(site, logits.shape()).to(dtype)));
    };
    backward(add(weighted(output.logits, weights_site), weighted(output.detail_logits, detail_weights_site)));
    check_gradients(*model, golden, tolerance);
    check_probe(model->forward(images), expected(golden, "teacher"), tolerance, "teacher");
    model->set_training(false);
    check_probe(model->forward(images), expected(golden, "prediction"), tolerance, "prediction");
  });
}

}  // namespace

TEST_CASE("HRDA computes what PyTorch computes") { check_hrda("hrda-b0", "hrda"); }
TEST_CASE("HRDA with DeepLabV2 computes what PyTorch computes") {
  check_hrda("hrda-deeplabv2-r101", "hrda_deeplabv2");
}

// Files that PyTorch wrote with official names, imported, compute what PyTorch computes; see
// tests/reference/write_official_weights.py.
#include <doctest/doctest.h>

#include "data/safetensors.h"
#include "masktwins/checkpoint.h"
#include "masktwins/network.h"
#include "masktwins/pretrained.h"
#include "masktwins/weights_file.h"
#include "tensor/autograd.h"
#include "tests/compare.h"
#include "tests/data/folder.h"
#include "tests/network_golden.h"

#ifdef MASKTWINS_LIBZIP

using namespace masktwins;
using namespace masktwins::tests;

namespace {

const std::string folder = "tests/golden/torch/";

std::unique_ptr<nn::SegmentationModel> small_segformer(uint32_t seed = 1) {
  nn::ModelOptions options;
  options.in_channels = 3;
  options.classes = 3;
  options.seed = seed;
  options.stage_channels = {2, 4, 5, 8};
  options.stage_depths = {1, 1, 1, 1};
  options.head_channels = 4;
  return nn::build_model("segformer-b0", options);
}

// Without a graph and in evaluation mode.
nn::SegmentationOutput outputs(nn::SegmentationModel& model) {
  const NoGrad no_grad;
  model.set_training(false);
  return model.outputs(noise(image_site, {1, 3, 64, 96}).to(DType::float32));
}

Tensor golden(const std::string& name) {
  return data::read_safetensors(folder + "segformer.safetensors").tensors.at(name);
}

}  // namespace

TEST_CASE("a .pth with NVIDIA's names, imported, computes what PyTorch computes") {
  const auto model = small_segformer();
  load_network(folder + "segformer.pth", Network::student, *model);
  check_close(outputs(*model).logits, golden("logits"), 1e-5, "logits");
}

TEST_CASE(
    "a .pth with NVIDIA's names, imported into a file and used to predict, gives PyTorch's probabilities") {
  const Folder files;
  const std::string imported = files / "imported.safetensors";
  data::write_safetensors(imported, {read_weights(folder + "segformer.pth", Network::student).tensors, {}});
  const auto model = small_segformer();
  load_network(imported, Network::student, *model);
  const Tensor image = noise(image_site, {1, 3, 64, 96}).to(DType::float32);
  const Tensor predicted = predict_probabilities(evaluation_function(*model), image, {.multiple = 32});
  REQUIRE(predicted.shape() == Shape{1, 3, 64, 96});
  Tensor sample = Tensor::empty({1, 3, 8, 12});  // every eighth pixel, in rows and in columns
  float* to = sample.data<float>();
  for (int64_t y = 0; y < 64; y += 8)
    for (int64_t x = 0; x < 96; x += 8) to = std::copy_n(predicted.data<float>() + (y * 96 + x) * 3, 3, to);
  check_close(sample, golden("probabilities"), 1e-5, "probabilities");
}

TEST_CASE("a .pth with the official names of an ImageNet encoder starts a network") {
  const auto model = small_segformer();
  const std::string text = load_pretrained(folder + "segformer_encoder.pth", *model);
  CHECK(
      text.starts_with("the encoder was loaded from tests/golden/torch/segformer_encoder.pth (official Mix "
                       "Transformer encoder; "));
  check_close(outputs(*model).features, golden("features"), 1e-5, "features");
}

TEST_CASE("exported with the official names of encoders, a network starts the encoder of another one") {
  const Folder files;
  const std::string path = files / "mit.safetensors";
  data::write_safetensors(
      path, {with_their_names(read_weights(folder + "segformer.pth", Network::student).tensors, "mit"), {}});
  const auto model = small_segformer(2);
  CHECK(load_pretrained(path, *model).starts_with("the encoder was loaded from "));
  check_close(outputs(*model).features, golden("features"), 1e-5, "features");
}

TEST_CASE("what is exported to other names and imported again is the same network") {
  const Folder files;
  const NamedWeights weights = read_weights(folder + "segformer.pth", Network::student);
  for (const char* family : {"huggingface", "nvidia", "mmseg"}) {
    CAPTURE(family);
    const std::string path = files / family;
    data::write_safetensors(path, {with_their_names(weights.tensors, family), {}});
    const auto model = small_segformer(2);
    load_network(path, Network::student, *model);
    check_close(outputs(*model).logits, golden("logits"), 1e-5, "logits");
  }
}

#endif

// Files that PyTorch wrote with official names, imported, compute what PyTorch computes; see
// tests/reference/write_official_weights.py.
#include <doctest/doctest.h>

#include "data/file.h"
#include "data/image.h"
#include "data/safetensors.h"
#include "masktwins/checkpoint.h"
#include "masktwins/commands.h"
#include "masktwins/network.h"
#include "masktwins/pretrained.h"
#include "masktwins/weights_file.h"
#include "tensor/autograd.h"
#include "tensor/ops/scale.h"
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

// Its sides are no multiples of 32, so that it is reflected at its border.
data::Image picture() {
  constexpr uint32_t picture_site = 100003;
  data::Image image{3, 50, 70, {}};
  for (uint64_t i = 0; i < 3 * 50 * 70; ++i)
    image.pixels.push_back(static_cast<float>(kernels::philox({11, picture_site}, 0, i).word[0] >> 24));
  return image;
}

// As main() does.
void call(void (*add_command)(CLI::App&), const std::string& arguments) {
  CLI::App program;
  add_command(program);
  program.parse(arguments);
}

}  // namespace

TEST_CASE("a .pth with NVIDIA's names, imported, computes what PyTorch computes") {
  const auto model = small_segformer();
  load_network(folder + "segformer.pth", Network::student, *model);
  check_close(outputs(*model).logits, golden("logits"), 1e-5, "logits");
}

TEST_CASE("a .pth with NVIDIA's names, imported, predicts PyTorch's classes and probabilities") {
  const nn::RegisterModel small("segformer-small", [](const nn::ModelOptions&) { return small_segformer(); });
  const Folder files;
  const std::string config = files / "config.toml", image = files / "picture.png", out = files / "out",
                    imported = files / "imported.safetensors";
  data::write_png(image, picture());
  data::write_file(config,
                   "[model]\nname = 'segformer-small'\nin_channels = 3\nclasses = 3\n"
                   "[data]\nnormalize = 'imagenet'\nlabel_values = { 0 = 0, 1 = 1, 2 = 2 }\n");
  call(add_import_command,
       "import " + folder + "segformer.pth --out " + imported + " --model segformer-small");
  call(add_predict_command,
       "predict " + image + " --run " + config + " --checkpoint " + imported + " --out " + out);
  const auto written = [&](const char* name) {
    const data::Image file = data::read_image(out + name);
    return Tensor::from_values<float>({file.height, file.width}, file.pixels);
  };
  check_close(written("/picture_mask.png"), golden("classes"), 0, "classes");
  check_close(scale(written("/picture_probability.png"), 1.0 / 65535), golden("probability"), 1e-5,
              "probability");
}

TEST_CASE("a .pth with the official names of an ImageNet encoder starts a network") {
  const auto model = small_segformer();
  const std::string text = load_pretrained(folder + "segformer_encoder.pth", *model);
  CHECK(
      text.starts_with("the encoder was loaded from tests/golden/torch/segformer_encoder.pth (official Mix "
                       "Transformer encoder; "));
  check_close(outputs(*model).features, golden("features"), 1e-5, "features");
}

TEST_CASE("a file without tensors is no file of weights") {
  const Folder files;
  const std::string path = files / "empty.safetensors";
  data::write_safetensors(path, {});
  CHECK(error_of([&] { read_weights(path, Network::student); }).find("holds no tensor") != std::string::npos);
}

TEST_CASE("an ImageNet encoder alone does not predict") {
  const auto model = small_segformer();
  const std::string file = folder + "segformer_encoder.pth";
  CHECK(error_of([&] { load_network(file, Network::student, *model); }) ==
        file +
            ": holds an encoder alone, and without a head no class can be predicted; train one with "
            "model.pretrained = \"" +
            file + "\"");
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

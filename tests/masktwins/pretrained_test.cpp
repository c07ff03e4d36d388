// Networks that start from published weights.
#include "masktwins/pretrained.h"

#include <doctest/doctest.h>

#include "data/file.h"
#include "data/safetensors.h"
#include "masktwins/weights_file.h"
#include "tests/data/folder.h"

using namespace masktwins;
using masktwins::tests::error_of;
using masktwins::tests::Folder;

namespace {

// An encoder and a head of one parameter each, and a counter as batch norm has one.
class TinyModel : public nn::SegmentationModel {
 public:
  TinyModel() {
    register_parameter("backbone.conv.weight", encoder_);
    register_buffer("backbone.bn.num_batches_tracked", counter_);
    register_parameter("decode_head.conv_seg.weight", head_);
  }
  Tensor forward(const Tensor& images) override { return images; }
  int64_t size_multiple() const override { return 1; }

  float encoder() const { return encoder_.to_values<float>()[0]; }
  float head() const { return head_.to_values<float>()[0]; }

 private:
  Tensor encoder_ = Tensor::zeros({2}), head_ = Tensor::zeros({3}),
         counter_ = Tensor::zeros({}, DType::int64);
};

// A bare encoder, as the frozen one of the feature distance.
class TinyEncoder : public nn::Module {
 public:
  TinyEncoder() { register_parameter("conv.weight", weight); }
  Tensor weight = Tensor::zeros({2});
};

const std::string encoder_key = "backbone.conv.weight", head_key = "decode_head.conv_seg.weight";

std::string written(const Folder& folder, const StateDict& tensors) {
  const std::string path = folder / "weights.safetensors";
  data::write_safetensors(path, {tensors, {}});
  return path;
}

}  // namespace

TEST_CASE("an encoder is loaded and the head is said to be random") {
  const Folder folder;
  TinyModel model;
  const std::string text =
      load_pretrained(written(folder, {{encoder_key, Tensor::full({2}, 5, DType::float64)}}), model);
  CHECK(model.encoder() == 5);
  CHECK(model.head() == 0);
  CHECK(text.starts_with("the encoder was loaded from "));
  CHECK(text.ends_with(
      "(mmsegmentation's names; 1 tensors, 0 million numbers), the head starts from random numbers"));
}

TEST_CASE("a whole network is loaded") {
  const Folder folder;
  TinyModel model;
  const std::string text = load_pretrained(
      written(folder, {{encoder_key, Tensor::full({2}, 5)}, {head_key, Tensor::full({3}, 6)}}), model);
  CHECK(model.encoder() == 5);
  CHECK(model.head() == 6);
  CHECK(text.starts_with("encoder and head were loaded"));
}

TEST_CASE("a head for other classes stays out, and this is said") {
  const Folder folder;
  TinyModel model;
  const std::string text = load_pretrained(
      written(folder, {{encoder_key, Tensor::full({2}, 5)}, {head_key, Tensor::full({4}, 6)}}), model);
  CHECK(model.encoder() == 5);
  CHECK(model.head() == 0);
  CHECK(
      text.ends_with("the head starts from random numbers because the file's does not fit (mis-shaped "
                     "decode_head.conv_seg.weight: file float32 (4), network float32 (3))"));
}

TEST_CASE("an encoder with a stray name is still about the encoder alone") {
  const TinyModel model;
  const StateDict weights = {{encoder_key, Tensor::full({2}, 5)}, {"nrom1.weight", Tensor::full({2}, 5)}};
  const StateDict whole = state_of(model), encoder = with_prefix(whole, "backbone.");
  REQUIRE(encoder.size() < whole.size());
  CHECK(part_for(weights, whole).size() == encoder.size());
  CHECK(part_for({{"nrom1.weight", Tensor::full({2}, 5)}}, whole).size() == whole.size());
}

TEST_CASE("an encoder that does not fit is an error and changes nothing") {
  const Folder folder;
  TinyModel model;
  const std::string path = written(folder, {{"backbone.conv.wieght", Tensor::full({2}, 5)}});
  CHECK(error_of([&] { load_pretrained(path, model); })
            .find("missing backbone.conv.weight float32 (2), the file has "
                  "backbone.conv.wieght") != std::string::npos);
  CHECK(model.encoder() == 0);
  const std::string other = written(folder, {{"layers.0.weight", Tensor::full({2}, 5)}});
  CHECK(error_of([&] { load_pretrained(other, model); }).find("belongs to another network") !=
        std::string::npos);
}

TEST_CASE("a missing file says where to get it") {
  TinyModel model;
  const std::string text = error_of([&] { load_pretrained("pretrained/mit_b5.pth", model); });
  CHECK(text.starts_with("model.pretrained: pretrained/mit_b5.pth: no such file; README.md says where"));
}

TEST_CASE("the frozen ImageNet encoder comes from its own part of a checkpoint, or from an encoder file") {
  const Folder folder;
  TinyEncoder encoder;
  load_encoder(written(folder, {{"model." + encoder_key, Tensor::full({2}, 5)},
                                {"imnet_model." + encoder_key, Tensor::full({2}, 6)},
                                {"imnet_model." + head_key, Tensor::full({2}, 7)}}),
               encoder);
  CHECK(encoder.weight.to_values<float>()[0] == 6);
  load_encoder(written(folder, {{encoder_key, Tensor::full({2}, 8)}}), encoder);
  CHECK(encoder.weight.to_values<float>()[0] == 8);
}

TEST_CASE("a file of weights is known by its content, and its numbers become float32") {
  const NamedWeights weights = read_weights("tests/golden/torch/legacy.pth", Network::student);
  for (const char* name : {"half", "bfloat16", "double", "conv.weight"}) {
    CAPTURE(name);
    CHECK(weights.tensors.at(name).dtype() == DType::float32);
  }
  CHECK(weights.tensors.at("index").dtype() == DType::int32);
  const float exact = weights.tensors.at("double").to_values<float>()[0];
  CHECK(std::abs(weights.tensors.at("half").to_values<float>()[0] - exact) <= std::abs(exact) / 1024);
  CHECK(std::abs(weights.tensors.at("bfloat16").to_values<float>()[0] - exact) <= std::abs(exact) / 128);
  const Folder folder;
  data::write_file(folder / "image.png", "no weights at all, not even long");
  CHECK(error_of([&] {
          read_weights(folder / "image.png", Network::student);
        }).find("neither safetensors nor a file of torch.save") != std::string::npos);
}

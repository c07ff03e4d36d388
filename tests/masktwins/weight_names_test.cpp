// The names of other code bases become ours, and ours become theirs.
#include "masktwins/weight_names.h"

#include <doctest/doctest.h>

#include "masktwins/joined_tensors.h"
#include "masktwins/name_rules.h"
#include "tests/data/folder.h"

using namespace masktwins;
using masktwins::tests::error_of;

namespace {

// One number as a tensor, so that it can be followed.
Tensor number(float value) { return Tensor::full({1}, value); }

StateDict numbered(const std::vector<std::string>& names) {
  StateDict tensors;
  for (std::size_t i = 0; i < names.size(); ++i) tensors.emplace(names[i], number(static_cast<float>(i)));
  return tensors;
}

std::vector<std::string> names_of(const StateDict& tensors) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : tensors) names.push_back(name);
  return names;
}

Tensor counting(const Shape& shape, float first = 0) {
  std::vector<float> values;
  for (int64_t i = 0; i < shape.numel(); ++i) values.push_back(first + static_cast<float>(i));
  return Tensor::from_values<float>(shape, values);
}

NamedWeights student(const StateDict& theirs) { return with_our_names(theirs, Network::student); }

}  // namespace

TEST_CASE("a rule translates both ways") {
  const std::vector<NameRule> rules = {{"block.{s}.{i}.norm.{*}", "block{S}.{i}.norm1.{*}"},
                                       {"head", "tail"}};
  CHECK(to_ours(rules, "block.0.12.norm.weight") == "block1.12.norm1.weight");
  CHECK(to_theirs(rules, "block1.12.norm1.weight") == "block.0.12.norm.weight");
  CHECK(to_theirs(rules, "block4.0.norm1.a.b") == "block.3.0.norm.a.b");
  CHECK(to_ours(rules, "head") == "tail");
  for (const char* name :
       {"block.0.12.norm", "block.x.12.norm.weight", "block.-1.2.norm.a", "headless", "hea", ""}) {
    CAPTURE(name);
    CHECK(!to_ours(rules, name));
  }
}

TEST_CASE("rows are joined and halved") {
  const Tensor joined = join_rows(counting({2, 3}), counting({2, 3}, 6));
  CHECK(joined.shape() == Shape{4, 3});
  CHECK(joined.to_values<float>() == counting({4, 3}).to_values<float>());
  const auto [first, second] = halve_rows(joined);
  CHECK(first.to_values<float>() == counting({2, 3}).to_values<float>());
  CHECK(second.to_values<float>() == counting({2, 3}, 6).to_values<float>());
  CHECK(!error_of([] { join_rows(counting({2, 3}), counting({2, 4})); }).empty());
  CHECK(!error_of([] { join_rows(counting({}), counting({})); }).empty());
  CHECK(!error_of([] { halve_rows(counting({3})); }).empty());
}

TEST_CASE("groups of inputs are reversed") {
  const Tensor reversed = reverse_inputs(counting({2, 4, 1, 1}), 2);
  CHECK(reversed.to_values<float>() == std::vector<float>{2, 3, 0, 1, 6, 7, 4, 5});
  CHECK(reverse_inputs(reverse_inputs(counting({2, 6, 2, 3}), 3), 3).to_values<float>() ==
        counting({2, 6, 2, 3}).to_values<float>());
  CHECK(!error_of([] { reverse_inputs(counting({2, 3, 1, 1}), 2); }).empty());
}

TEST_CASE("official encoders become a backbone, without ImageNet's classifier") {
  const NamedWeights mit = student(numbered({"block1.0.attn.kv.weight", "block4.12.norm1.bias", "head.bias",
                                             "head.weight", "norm3.weight", "patch_embed1.proj.weight"}));
  CHECK(names_of(mit.tensors) ==
        std::vector<std::string>{"backbone.block1.0.attn.kv.weight", "backbone.block4.12.norm1.bias",
                                 "backbone.norm3.weight", "backbone.patch_embed1.proj.weight"});
  CHECK(mit.ignored == std::vector<std::string>{"head.bias", "head.weight"});
  CHECK(mit.tensors.at("backbone.norm3.weight").item() == 4);

  const NamedWeights resnet =
      student(numbered({"state_dict.fc.weight", "state_dict.layer1.0.conv1.weight",
                        "state_dict.layer4.2.bn3.running_var", "state_dict.stem.0.weight"}));
  CHECK(names_of(resnet.tensors) == std::vector<std::string>{"backbone.layer1.0.conv1.weight",
                                                             "backbone.layer4.2.bn3.running_var",
                                                             "backbone.stem.0.weight"});
  CHECK(resnet.ignored == std::vector<std::string>{"fc.weight"});
}

TEST_CASE("one of a checkpoint's networks is taken") {
  const StateDict checkpoint =
      numbered({"state_dict.model.backbone.a", "state_dict.model.decode_head.conv_seg.bias",
                "state_dict.model.auxiliary_head.a", "state_dict.ema_model.backbone.a",
                "state_dict.imnet_model.backbone.a", "state_dict.other"});
  CHECK(names_of(student(checkpoint).tensors) ==
        std::vector<std::string>{"backbone.a", "decode_head.conv_seg.bias"});
  CHECK(with_our_names(checkpoint, Network::teacher).tensors.at("backbone.a").item() == 3);
  CHECK(with_our_names(checkpoint, Network::imagenet).tensors.at("backbone.a").item() == 4);
  const StateDict twins = numbered({"ema_model.x", "model.x"});
  CHECK(error_of([&] { with_our_names(twins, Network::imagenet); }) ==
        "holds several networks, but no ImageNet network (imnet_model.*)");
  // A wrapped state_dict is no checkpoint of several networks.
  CHECK(names_of(with_our_names(numbered({"model.patch_embed1.a"}), Network::imagenet).tensors) ==
        std::vector<std::string>{"backbone.patch_embed1.a"});
  CHECK(names_of(student(numbered({"module.backbone.a"})).tensors) == std::vector<std::string>{"backbone.a"});
}

TEST_CASE("NVIDIA's SegFormer counts its maps from 1 and fuses the last one first") {
  StateDict theirs =
      numbered({"backbone.norm1.bias", "decode_head.conv_seg.bias", "decode_head.linear_c1.proj.bias",
                "decode_head.linear_c4.proj.bias", "decode_head.linear_pred.bias"});
  theirs.emplace("decode_head.linear_fuse.conv.weight", counting({1, 4, 1, 1}));
  const NamedWeights ours = student(theirs);
  CHECK(names_of(ours.tensors) ==
        std::vector<std::string>{"backbone.norm1.bias", "decode_head.linear_c.0.proj.bias",
                                 "decode_head.linear_c.3.proj.bias", "decode_head.linear_fuse.conv.weight",
                                 "decode_head.linear_pred.bias"});
  CHECK(ours.tensors.at("decode_head.linear_fuse.conv.weight").to_values<float>() ==
        std::vector<float>{3, 2, 1, 0});
  CHECK(ours.ignored == std::vector<std::string>{"decode_head.conv_seg.bias"});
  theirs.erase("decode_head.conv_seg.bias");
  const StateDict back = with_their_names(ours.tensors, "nvidia");
  CHECK(names_of(back) == names_of(theirs));
  CHECK(back.at("decode_head.linear_fuse.conv.weight").to_values<float>() == std::vector<float>{0, 1, 2, 3});
}

TEST_CASE("Hugging Face's SegFormer has keys and values apart") {
  const std::string block = "segformer.encoder.block.0.1.";
  StateDict theirs = numbered(
      {block + "layer_norm_1.weight", block + "layer_norm_2.weight", block + "attention.self.query.weight",
       block + "attention.self.sr.weight", block + "attention.self.layer_norm.weight",
       block + "attention.output.dense.weight", block + "mlp.dense1.bias", block + "mlp.dwconv.dwconv.bias",
       block + "mlp.dense2.bias", "segformer.encoder.patch_embeddings.3.proj.bias",
       "segformer.encoder.patch_embeddings.3.layer_norm.bias", "segformer.encoder.layer_norm.3.bias",
       "decode_head.linear_c.2.proj.bias", "decode_head.batch_norm.running_var",
       "decode_head.classifier.bias"});
  theirs.emplace(block + "attention.self.key.weight", counting({2, 2}));
  theirs.emplace(block + "attention.self.value.weight", counting({2, 2}, 4));
  theirs.emplace("decode_head.linear_fuse.weight", counting({1, 4, 1, 1}));
  const NamedWeights ours = student(theirs);
  CHECK(names_of(ours.tensors) ==
        std::vector<std::string>{"backbone.block1.1.attn.kv.weight", "backbone.block1.1.attn.norm.weight",
                                 "backbone.block1.1.attn.proj.weight", "backbone.block1.1.attn.q.weight",
                                 "backbone.block1.1.attn.sr.weight",
                                 "backbone.block1.1.mlp.dwconv.dwconv.bias", "backbone.block1.1.mlp.fc1.bias",
                                 "backbone.block1.1.mlp.fc2.bias", "backbone.block1.1.norm1.weight",
                                 "backbone.block1.1.norm2.weight", "backbone.norm4.bias",
                                 "backbone.patch_embed4.norm.bias", "backbone.patch_embed4.proj.bias",
                                 "decode_head.linear_c.2.proj.bias", "decode_head.linear_fuse.bn.running_var",
                                 "decode_head.linear_fuse.conv.weight", "decode_head.linear_pred.bias"});
  CHECK(ours.tensors.at("backbone.block1.1.attn.kv.weight").to_values<float>() ==
        counting({4, 2}).to_values<float>());

  const StateDict back = with_their_names(ours.tensors, "huggingface");
  CHECK(names_of(back) == names_of(theirs));
  for (const auto& [name, tensor] : theirs) {
    CAPTURE(name);
    CHECK(back.at(name).to_values<float>() == tensor.to_values<float>());
  }
  theirs.erase(block + "attention.self.value.weight");
  CHECK(error_of([&] { student(theirs); }).find("without the value") != std::string::npos);
}

TEST_CASE("exported with the names of encoders, a network is its encoder alone") {
  const StateDict network =
      numbered({"backbone.norm1.weight", "backbone.patch_embed1.proj.bias", "decode_head.conv_seg.weight"});
  CHECK(names_of(with_their_names(network, "mit")) ==
        std::vector<std::string>{"norm1.weight", "patch_embed1.proj.bias"});
  CHECK(names_of(with_their_names(network, "mmseg")) == names_of(network));
  const StateDict resnet = numbered({"backbone.layer1.0.conv1.weight", "decode_head.aspp_modules.0.bias"});
  CHECK(names_of(with_their_names(resnet, "resnet")) == std::vector<std::string>{"layer1.0.conv1.weight"});
}

TEST_CASE("a head that a code base does not have is not exported to it") {
  const StateDict daformer =
      numbered({"backbone.patch_embed1.proj.bias", "decode_head.embed_layers.0.proj.bias"});
  CHECK(error_of([&] { with_their_names(daformer, "huggingface"); }) ==
        "--names huggingface: Hugging Face's SegFormer has no decode_head.embed_layers.0.proj.bias; --names "
        "mmseg fits every network");
  CHECK(error_of([&] { with_their_names(daformer, "nvidia"); }).find("decode_head.linear_c1.") !=
        std::string::npos);
}

TEST_CASE("names that nobody knows stay, and unknown code bases are listed") {
  CHECK(names_of(student(numbered({"inc.conv.weight"})).tensors) ==
        std::vector<std::string>{"inc.conv.weight"});
  CHECK(error_of([] { with_their_names({}, "keras"); }) ==
        "no names of 'keras' are known; known: huggingface, mit, resnet, nvidia, mmseg");
  CHECK(
      error_of([] { with_their_names(numbered({"backbone.norm1.weight"}), "resnet"); }) ==
      "--names resnet: these weights are not those of open-mmlab's ResNet encoder, no name would begin with "
      "layer1.0.; --names mmseg fits every network");
  CHECK(error_of([] {
          student(numbered({"patch_embed1.a", "norm1.a", "norm01.a"}));
        }).find("twice") != std::string::npos);
}

// MiT, SegFormer, DAFormer and HRDA: sizes, names, shapes; values are compared in
// street_networks_golden_test.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "nn/daformer_head.h"
#include "nn/hrda.h"
#include "nn/mit.h"
#include "nn/segformer_head.h"
#include "nn/segmentation_model.h"
#include "tensor/autograd.h"
#include "tensor/op.h"
#include "tensor/ops/add.h"
#include "tensor/ops/dropout.h"
#include "tensor/ops/mean.h"
#include "tensor/random.h"
#include "tests/compare.h"
#include "tests/tiny_networks.h"

using namespace masktwins;
using masktwins::tests::tiny_options;

namespace {

Tensor picture(const Shape& shape) { return make_inputs({{{shape}}, {}}, DType::float32, 3)[0]; }

std::vector<std::string> names_of(const nn::Module& module) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : module.named_parameters()) names.push_back(name);
  return names;
}

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::count(names.begin(), names.end(), name) == 1;
}

const std::vector<int64_t> wide_stages = {64, 128, 320, 512};  // of B1 to B5

}  // namespace

TEST_CASE("encoders and heads have the published numbers of parameters") {
  nn::Initializer init(1);
  const std::vector<int64_t> published = {3319392, 13151424, 24196288, 44072128, 60842688, 81443008};
  for (int64_t size = 0; size < 6; ++size) {
    CAPTURE(size);
    CHECK(nn::count_parameters(nn::MixTransformer(nn::mit_options(size), init)) ==
          published[static_cast<std::size_t>(size)]);
  }
  CHECK(nn::count_parameters(nn::DaformerHead(wide_stages, 256, 19, "aspp", 0.1, init)) == 3712275);
  CHECK(nn::count_parameters(nn::DaformerHead(wide_stages, 256, 19, "conv1", 0.1, init)) == 530707);
  CHECK(nn::count_parameters(nn::DaformerHead(wide_stages, 256, 19, "isa", 0.1, init)) == 1058579);
  CHECK(nn::count_parameters(nn::DaformerHead(wide_stages, 256, 19, "dense-aspp", 0.1, init)) == 9969939);
  CHECK(nn::count_parameters(nn::DaformerHead(wide_stages, 256, 19, "context-f4", 0.1, init)) == 3163155);
  CHECK(nn::count_parameters(nn::SegformerHead(wide_stages, 768, 19, 0.1, init)) == 3164947);
}

TEST_CASE("HRDA with MiT-B5 has the published number of parameters and looks at an image") {
  const auto model = nn::build_model("hrda-b5", {.in_channels = 3, .classes = 19, .hr_crop = 64});
  CHECK(nn::count_parameters(*model) == 85685990);
  model->set_training(false);
  const NoGrad no_grad;
  const NonFiniteGuard every_result_is_finite;
  const Tensor logits = model->forward(picture({1, 3, 64, 64}));
  CHECK(logits.shape() == Shape{1, 19, 64, 64});
}

TEST_CASE("HRDA with DeepLabV2 names its heads as the official checkpoints do") {
  const auto names = names_of(*nn::build_model("hrda-deeplabv2-r101", tiny_options()));
  for (const char* name : {"backbone.stem.0.weight", "decode_head.head.aspp_modules.0.conv.weight",
                           "decode_head.scale_attention.aspp_modules.3.conv.bias"}) {
    CAPTURE(name);
    CHECK(has(names, name));
  }
}

TEST_CASE("parameters are named as in the official checkpoints") {
  const auto names = names_of(*nn::build_model("hrda-b5", tiny_options()));
  for (const char* name : {"backbone.patch_embed1.proj.weight",
                           "backbone.patch_embed4.norm.bias",
                           "backbone.block1.0.norm1.weight",
                           "backbone.block1.0.attn.q.weight",
                           "backbone.block1.0.attn.kv.bias",
                           "backbone.block1.0.attn.proj.weight",
                           "backbone.block1.0.attn.sr.weight",
                           "backbone.block1.0.attn.norm.weight",
                           "backbone.block3.1.mlp.fc1.weight",
                           "backbone.block3.1.mlp.dwconv.dwconv.weight",
                           "backbone.block3.1.mlp.fc2.bias",
                           "backbone.norm4.weight",
                           "decode_head.head.embed_layers.3.proj.weight",
                           "decode_head.head.fuse_layer.aspp_modules.0.conv.weight",
                           "decode_head.head.fuse_layer.aspp_modules.0.bn.weight",
                           "decode_head.head.fuse_layer.aspp_modules.3.depthwise_conv.conv.weight",
                           "decode_head.head.fuse_layer.aspp_modules.3.pointwise_conv.bn.bias",
                           "decode_head.head.fuse_layer.bottleneck.conv.weight",
                           "decode_head.head.conv_seg.weight",
                           "decode_head.scale_attention.fuse_layer.conv.weight",
                           "decode_head.scale_attention.conv_seg.bias"}) {
    CAPTURE(name);
    CHECK(has(names, name));
  }
  CHECK_FALSE(has(names, "backbone.block4.0.attn.sr.weight"));
  nn::ModelOptions with_isa = tiny_options();
  with_isa.fusion = "isa";
  const auto daformer_isa = names_of(*nn::build_model("daformer-b5", with_isa));
  for (const char* name :
       {"decode_head.fuse_layer.in_conv.conv.weight", "decode_head.fuse_layer.in_conv.bn.bias",
        "decode_head.fuse_layer.global_relation.query_project.conv.weight",
        "decode_head.fuse_layer.global_relation.key_project.bn.weight",
        "decode_head.fuse_layer.global_relation.value_project.bias",
        "decode_head.fuse_layer.local_relation.output_project.conv.weight",
        "decode_head.fuse_layer.local_relation.output_project.bn.weight"}) {
    CAPTURE(name);
    CHECK(has(daformer_isa, name));
  }
  const auto segformer = names_of(*nn::build_model("segformer-b0", tiny_options()));
  for (const char* name : {"decode_head.linear_c.0.proj.weight", "decode_head.linear_fuse.conv.weight",
                           "decode_head.linear_fuse.bn.bias", "decode_head.linear_pred.bias"}) {
    CAPTURE(name);
    CHECK(has(segformer, name));
  }
}

TEST_CASE("every network trains every parameter") {
  for (const char* name : {"segformer-b0", "daformer-b1", "hrda-b2"}) {
    CAPTURE(name);
    nn::ModelOptions options = tiny_options();
    options.drop_path = options.dropout = 0;
    const auto model = nn::build_model(name, options);
    const nn::SegmentationOutput out = model->outputs(picture({2, 3, 128, 64}));
    CHECK(out.logits.shape() == Shape{2, 5, 32, 16});
    Tensor loss = mean(out.logits);
    if (out.detail_logits.defined()) {
      CHECK(out.detail_logits.shape() == Shape{2, 5, 16, 16});
      loss = add(loss, mean(out.detail_logits));
    }
    backward(loss);
    for (const auto& [parameter_name, parameter] : model->named_parameters()) {
      CAPTURE(parameter_name);
      CHECK(parameter->grad().defined());
    }
    CHECK(model->forward(picture({1, 3, 64, 128})).shape() == Shape{1, 5, 64, 128});
  }
}

TEST_CASE("checkpointed blocks give the same loss and the same gradients") {
  const auto gradients = [](int64_t checkpoint_blocks) {
    nn::ModelOptions options = tiny_options();
    options.drop_path = 0.5;
    options.checkpoint_blocks = checkpoint_blocks;
    const auto model = nn::build_model("daformer-b0", options);
    begin_random_step(9, 4);
    backward(mean(model->outputs(picture({4, 3, 64, 64})).logits));
    std::vector<Tensor> result;
    for (const auto& [name, parameter] : model->named_parameters())
      result.push_back(parameter->grad().defined() ? parameter->grad() : Tensor::zeros(parameter->shape()));
    return result;
  };
  const auto plain = gradients(0), some = gradients(2), all = gradients(100);
  for (std::size_t i = 0; i < plain.size(); ++i) {
    CHECK(some[i].to_values<float>() == plain[i].to_values<float>());
    CHECK(all[i].to_values<float>() == plain[i].to_values<float>());
  }
}

TEST_CASE("training drops paths and channels, evaluation and the teacher do not") {
  nn::ModelOptions options = tiny_options();
  options.drop_path = 0.5;
  const auto model = nn::build_model("segformer-b0", options);
  const Tensor image = picture({4, 3, 64, 64});
  const auto logits = [&](uint64_t step) {
    const NoGrad no_grad;
    begin_random_step(1, step);
    return model->outputs(image).logits.to_values<float>();
  };
  CHECK(logits(0) == logits(0));
  CHECK(logits(0) != logits(1));
  {
    const NoDropout no_dropout;
    CHECK(logits(0) == logits(1));
  }
  model->set_training(false);
  CHECK(logits(0) == logits(1));
}

TEST_CASE("hrda draws its window on a grid of 8 pixels") {
  nn::ModelOptions options = tiny_options();
  const auto model = nn::build_model("hrda-b0", options);
  const NoGrad no_grad;
  std::vector<int64_t> tops;
  for (uint64_t step = 0; step < 40; ++step) {
    begin_random_step(1, step);
    const nn::Window window = model->outputs(picture({1, 3, 128, 128})).detail_window;
    CHECK(window.top % 8 == 0);
    CHECK(window.left % 8 == 0);
    CHECK(window.height == 64);
    tops.push_back(window.top);
  }
  CHECK(*std::min_element(tops.begin(), tops.end()) == 0);
  CHECK(*std::max_element(tops.begin(), tops.end()) == 56);  // 64 is never drawn
}

TEST_CASE(
    "the published window: 64 corners per axis, none at the end, 64 x 64 pixels of the context's logits") {
  std::set<int64_t> tops, lefts;
  for (uint64_t step = 0; step < 4000; ++step) {
    const nn::Window window = nn::draw_window(1024, 1024, 512, 8, kernels::philox({1, 2}, step, 0));
    tops.insert(window.top);
    lefts.insert(window.left);
    CHECK(window.height / 8 == 64);
    CHECK(window.width / 8 == 64);
  }
  for (const std::set<int64_t>& corners : {tops, lefts}) {
    CHECK(corners.size() == 64);
    CHECK(*corners.begin() == 0);
    CHECK(*corners.rbegin() == 504);
  }
}

TEST_CASE("windows at full resolution overlap by half") {
  CHECK(nn::half_overlapping_windows(1024, 512) == std::vector<int64_t>{0, 256, 512});
  CHECK(nn::half_overlapping_windows(1088, 512) == std::vector<int64_t>{0, 256, 512, 576});
  CHECK(nn::half_overlapping_windows(512, 512) == std::vector<int64_t>{0});
  const auto per_axis = nn::half_overlapping_windows(1024, 512).size();
  CHECK(per_axis * per_axis == 9);
}

TEST_CASE("of an image smaller than its windows hrda predicts with windows as large as the image") {
  const auto prediction = [](int64_t hr_crop, const Shape& shape) {
    nn::ModelOptions options = tiny_options();
    options.hr_crop = hr_crop;
    const auto model = nn::build_model("hrda-b0", options);
    model->set_training(false);
    return model->forward(picture(shape)).to_values<float>();
  };
  CHECK(prediction(512, {1, 3, 64, 64}) == prediction(64, {1, 3, 64, 64}));
  CHECK(prediction(512, {1, 3, 64, 192}) == prediction(192, {1, 3, 64, 192}));
  CHECK(prediction(512, {1, 3, 64, 192}) != prediction(64, {1, 3, 64, 192}));
}

TEST_CASE("a network says whether it has features that could be pretrained") {
  for (const std::string& name : tests::families) {
    CAPTURE(name);
    const auto network = nn::build_model(name, tiny_options());
    CHECK(network->has_features() == (name != "unet"));
    const Tensor images = picture({1, 3, 128, 128});
    if (network->has_features()) CHECK(network->features(images).dim(1) > 1);
    else CHECK_THROWS_WITH_AS(network->features(images), doctest::Contains("has no encoder"), Error);
  }
}

TEST_CASE("street networks say which sizes they take") {
  CHECK_THROWS_WITH_AS(nn::build_model("segformer-b0", tiny_options())->forward(picture({1, 3, 40, 64})),
                       doctest::Contains("multiples of 32"), Error);
  CHECK_THROWS_WITH_AS(nn::build_model("hrda-b0", tiny_options())->forward(picture({1, 3, 96, 128})),
                       doctest::Contains("multiples of 64"), Error);
  nn::ModelOptions options = tiny_options();
  options.hr_crop = 512;
  CHECK_THROWS_WITH_AS(nn::build_model("hrda-b0", options)->outputs(picture({1, 3, 128, 128})),
                       doctest::Contains("model.hr_crop"), Error);
  options.hr_crop = 40;
  CHECK_THROWS_WITH_AS(nn::build_model("hrda-b0", options), doctest::Contains("model.hr_crop"), Error);
  options.hr_crop = 40;  // of logits with an eighth of the size: no multiple of 16
  CHECK_THROWS_WITH_AS(nn::build_model("hrda-deeplabv2-r50", options), doctest::Contains("multiple of 16"),
                       Error);
  options.fusion = "sum";
  CHECK_THROWS_WITH_AS(nn::build_model("daformer-b0", options), doctest::Contains("model.fusion"), Error);
}

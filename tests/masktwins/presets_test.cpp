// Every preset of uda.mode with every family of networks: the loss terms that belong to it, finite, and a
// source loss that falls.
#include <doctest/doctest.h>

#include <cmath>
#include <set>

#include "tests/data/folder.h"
#include "tests/masktwins/training.h"

using namespace masktwins;
using namespace masktwins::tests;

namespace {

using Terms = std::set<std::string>;

// "feature_distance" belongs to a mode only where the network has a pretrained encoder.
const std::map<std::string, Terms> terms_of_mode = {
    {"source-only", {"source"}},
    {"advent", {"source", "entropy"}},
    {"advseg", {"source", "adversarial", "discriminator"}},
    {"dacs", {"source", "mix"}},
    {"daformer", {"source", "feature_distance", "mix"}},
    {"hrda", {"source", "feature_distance", "mix"}},
    {"mic", {"source", "feature_distance", "mix", "masked"}},
    {"random-twin", {"source", "feature_distance", "mix", "masked", "masked_cm"}},
    {"masktwins", {"source", "feature_distance", "mix", "masked", "masked_cm"}},
    {"paper", {"source", "masked", "masked_cm"}},
};

// The discriminator needs predictions of 32x32 at least, and DeepLab's have an eighth of the image's size.
int64_t side_for(const std::string& mode, const std::string& network) {
  if (mode == "advseg") return network.find("deeplabv2") != std::string::npos ? 256 : 128;
  return network.starts_with("hrda") ? 128 : 64;
}

std::vector<std::string> settings(const std::string& mode, const std::string& network,
                                  const std::vector<std::string>& more = {}) {
  std::vector<std::string> all = {
      "uda.mode=" + mode, "model.name=" + network, "model.in_channels=3",
      "model.classes=5",  "model.hr_crop=64",      concat_text("train.crop=", side_for(mode, network)),
      "train.lr=0.002",   "uda.mask_block=16",     "data.normalize=imagenet"};
  if (network != "unet") all.emplace_back("model.pretrained=weights of the frozen encoder");
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

Training training(const std::string& mode, const std::string& network,
                  const std::vector<std::string>& more = {}) {
  return {parse_config("", "test", settings(mode, network, more)), Device::cpu, tiny_network};
}

// The labels are two things side by side: predicting these two rather than all five is soon learned.
data::Batch two_things(const Config& config, int64_t step) {
  const int64_t side = config.train.crop;
  const Argument image{{1, 3, side, side}};
  const Tensors images = make_inputs({{image, image}, {}}, DType::float32, 1);
  Tensor labels = Tensor::full({1, side, side}, 1, DType::uint8);
  for (int64_t i = 0; i < labels.numel(); ++i)
    if (i % side >= side / 2) labels.data<uint8_t>()[i] = 4;
  return {step, images[0], labels, images[1]};
}

}  // namespace

TEST_CASE("every preset takes steps with every family of networks") {
  for (const auto& [mode, mode_terms] : terms_of_mode)
    for (const std::string& network : families) {
      if (mode == "hrda" && !network.starts_with("hrda")) continue;
      CAPTURE(mode);
      CAPTURE(network);
      Training run = training(mode, network);
      Terms expected = mode_terms;
      if (network == "unet") expected.erase("feature_distance");
      std::vector<double> source;
      for (int64_t step = 0; step < 2; ++step) {
        Terms terms;
        for (const auto& [name, loss] : run.run(two_things(run.config, step))) {
          CAPTURE(name);
          CHECK(std::isfinite(loss));
          CHECK(loss >= 0);
          terms.insert(name);
          if (name == "feature_distance") CHECK(loss > 0);
          if (name == "source") source.push_back(loss);
        }
        CHECK(terms == expected);
      }
      CHECK(source[1] < source[0]);
    }
}

TEST_CASE("the preset hrda is for networks of that family") {
  for (const std::string& network : families) {
    const std::string error = error_of([&] { parse_config("", "test", settings("hrda", network)); });
    CAPTURE(network);
    if (network.starts_with("hrda")) CHECK(error.empty());
    else CHECK(error.find("needs a network of the hrda family") != std::string::npos);
  }
}

TEST_CASE("every choice of masked images gives finite losses under its own names") {
  const std::map<std::string, Terms> masked = {
      {"target", {"masked", "masked_cm"}},
      {"source", {"masked_source", "masked_source_cm"}},
      {"both", {"masked", "masked_cm", "masked_source", "masked_source_cm"}},
  };
  for (const auto& [images, terms] : masked)
    for (const char* augment : {"true", "false"}) {
      CAPTURE(images);
      CAPTURE(augment);
      Training run = training("masktwins", "segformer-b0",
                              {"uda.mask_image=" + images, concat_text("uda.mask_augment=", augment)});
      Terms found;
      const StepReport report = run.step.run(two_things(run.config, 0));
      for (const auto& [name, loss] : report.losses) {
        CHECK(std::isfinite(loss.item()));
        if (name.starts_with("masked")) found.insert(name);
      }
      CHECK(found == terms);
      CHECK(report.views.size() == 2);
      CHECK(report.view_logits.size() == 2);
    }
  Training mic = training("mic", "segformer-b0", {"uda.mask_image=both"});
  Terms found;
  for (const auto& [name, loss] : mic.run(two_things(mic.config, 0))) found.insert(name);
  CHECK(found == Terms{"source", "feature_distance", "mix", "masked"});
}

TEST_CASE("AdaIN changes the source pass and nothing before uda.start") {
  for (const std::string& network : families) {
    CAPTURE(network);
    const auto source_loss = [&](const std::string& adain, const std::string& start) {
      Training run = training("paper", network, {"uda.adain=" + adain, "uda.start=" + start});
      return run.run(two_things(run.config, 0)).at("source");
    };
    const double plain = source_loss("none", "0"), restyled = source_loss("stage1", "0");
    CHECK(std::isfinite(restyled));
    CHECK(restyled != plain);
    CHECK(source_loss("stage1", "1") == plain);
    if (network == "unet") continue;
    CHECK(source_loss("embedding", "0") != plain);
    CHECK(source_loss("both", "0") != restyled);
  }
}

TEST_CASE("AdaIN is refused where it has no place") {
  const auto error = [](const std::string& mode, const std::string& network, const std::string& adain) {
    return error_of([&] { parse_config("", "test", settings(mode, network, {"uda.adain=" + adain})); });
  };
  CHECK(error("paper", "unet", "stage1").empty());
  CHECK(error("paper", "unet", "both").find("use stage1") != std::string::npos);
  CHECK(error("source-only", "segformer-b0", "both").find("set it to none") != std::string::npos);
  CHECK(error("paper", "segformer-b0", "shallow").find("uda.adain must be") != std::string::npos);
}

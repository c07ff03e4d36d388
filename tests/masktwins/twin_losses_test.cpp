// Section 12, fixture 12: twins that look alike agree, and cost as much as one view, in steps of the whole
// method.
#include <doctest/doctest.h>

#include "tests/masktwins/training.h"
#include "tests/network_golden.h"

using namespace masktwins;
using namespace masktwins::tests;

namespace {

// With biases that are not 0: else all channels of a black image's tokens were equal, and every layer norm
// would multiply gradients by a thousand.
std::unique_ptr<nn::SegmentationModel> network_with_biases(const Config& config, Device device) {
  auto network = tiny_network(config, device);
  draw_parameters(*network);
  return network;
}

// Of a step whose target is black, so that whatever is hidden, every view is the image. Nothing is dropped,
// and HRDA's windows have `window` pixels per side, of 128.
std::map<std::string, double> losses_on_black(const std::string& network, int masks, int window) {
  const Config config = parse_config(
      "", "test",
      {"model.name=" + network, "model.in_channels=3", "model.classes=5", "model.drop_path=0",
       "model.dropout=0", concat_text("model.hr_crop=", window), "model.pretrained=a frozen encoder's",
       "data.normalize=imagenet", "train.crop=128", "train.batch=1", concat_text("uda.masks=", masks),
       "uda.mask_block=16", "uda.mask_augment=false", "uda.cm_weight=1", "uda.quality_weight=false",
       concat_text("uda.feature_distance_weight=", network == "unet" ? 0 : 0.005)});
  Training training(config, Device::cpu, network_with_biases);
  data::Batch batch = batch_of(config, 0);
  batch.target_images.fill(0);
  return training.run(batch);
}

}  // namespace

TEST_CASE("twins that look alike agree, and cost as much as one view") {
  for (const std::string& network : families) {
    CAPTURE(network);
    const auto twins = losses_on_black(network, 2, 128), single = losses_on_black(network, 1, 128);
    CHECK(twins.at("masked_cm") == 0);
    CHECK(twins.at("masked") > 0);
    for (const auto& [name, loss] : single) {
      CAPTURE(name);
      CHECK(twins.at(name) == loss);
    }
    CHECK(twins.size() == single.size() + 1);
  }
}

// Each view has a window of its own (section 3.8), which consistency sees as well.
TEST_CASE("HRDA's twins that look alike disagree where their windows lie apart") {
  CHECK(losses_on_black("hrda-b0", 2, 64).at("masked_cm") > 0);
}

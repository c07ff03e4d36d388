// MaskTwins steps of the street networks on CUDA, emulated or real, beside the same steps on the CPU.
#include <doctest/doctest.h>

#include "tests/cuda_device.h"
#include "tests/masktwins/training.h"

using namespace masktwins;
using namespace masktwins::tests;

namespace {

Config street_config(const std::string& network, const std::vector<std::string>& more = {}) {
  std::vector<std::string> settings = {
      "model.name=" + network, "model.in_channels=3", "model.classes=5",  "train.crop=64",
      "train.batch=1",         "model.hr_crop=32",    "uda.mask_block=8", "uda.quality_threshold=0.202"};
  settings.insert(settings.end(), more.begin(), more.end());
  return parse_config("", "test", settings);
}

// The network of the configuration with a handful of channels, which no key of a configuration can ask for.
std::unique_ptr<nn::SegmentationModel> tiny(const Config& config, Device device) {
  auto network = nn::build_model(config.model.name, {.in_channels = config.model.in_channels,
                                                     .classes = config.model.classes,
                                                     .seed = static_cast<uint32_t>(config.seed),
                                                     .drop_path = config.model.drop_path,
                                                     .dropout = config.model.dropout,
                                                     .checkpoint_blocks = config.model.checkpoint_blocks,
                                                     .head_channels = 8,
                                                     .hr_crop = config.model.hr_crop,
                                                     .stage_channels = {4, 8, 10, 16},
                                                     .stage_depths = {1, 1, 1, 1}});
  network->to(device);
  return network;
}

}  // namespace

TEST_CASE("a complete step of every street network on CUDA gives the CPU's losses and gradients") {
  const CudaDevice device;
  for (const char* network : {"segformer-b0", "daformer-b0", "hrda-b0", "deeplabv2-r50"}) {
    CAPTURE(network);
    const Config config = street_config(network);
    const Agreement agreement = compare_devices(config, config, batch_of(config, 0), tiny);
    CHECK(agreement.largest_loss_error <= 1e-5);
    CHECK(agreement.gradient_error <= 1e-4);
  }
}

TEST_CASE("the further losses of the street scenes are the same on CUDA") {
  const CudaDevice device;
  const Config config =
      street_config("segformer-b0", {"train.crop=128", "uda.mode=source-only", "model.pretrained=none",
                                     "uda.entropy_weight=0.1", "uda.adversarial_weight=0.1",
                                     "uda.feature_distance_weight=0.1"});
  data::Batch batch = batch_of(config, 0);
  batch.source_labels.fill(1);  // one of the things whose features are kept, everywhere
  const Agreement agreement = compare_devices(config, config, batch, tiny);
  CHECK(agreement.largest_loss_error <= 1e-5);
  CHECK(agreement.gradient_error <= 1e-4);
}

// Every pixel counts in full, because one whose probability rounding moves across a threshold would change
// the weight of all. Rounding errors as in train_step_cuda_test; HRDA's context of 32x32 pixels ends in
// normalised maps of a single pixel, which multiplies them by five (in float32, too).
TEST_CASE("a street network's step in 16 bits is near the CPU's in float32") {
  const CudaDevice device;
  const std::string all_sure = "uda.quality_threshold=0.1";
  for (const auto& [network, precision, loss_tolerance, gradient_tolerance] :
       {std::tuple("daformer-b0", "bfloat16", 2e-2, 0.1), std::tuple("hrda-b0", "bfloat16", 2e-2, 0.4),
        std::tuple("segformer-b0", "float16", 4e-3, 0.02)}) {
    CAPTURE(network);
    const Config config = street_config(network, {all_sure});
    const Agreement agreement = compare_devices(
        config, street_config(network, {all_sure, concat_text("train.precision=", precision)}),
        batch_of(config, 0), tiny);
    CHECK(agreement.largest_loss_error <= loss_tolerance);
    CHECK(agreement.gradient_error <= gradient_tolerance);
    CHECK(agreement.gradient_error > 1e-4);  // it did compute in 16 bits
  }
}

TEST_CASE("a step of a street network does not wait for the device") {
  const CudaDevice device;
  Training training(street_config("hrda-b0", {"model.pretrained=none", "uda.feature_distance_weight=0.1"}),
                    Device::cuda, tiny);
  training.run(batch_of(training.config, 0));  // makes caches
  const data::Batch batch = to(batch_of(training.config, 1), Device::cuda);
#ifdef MASKTWINS_CUDA_EMULATED
  emulator::take_counts();
  training.step.run(batch);
  CHECK(emulator::take_counts().empty());
#endif
}

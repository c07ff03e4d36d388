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

}  // namespace

TEST_CASE("a complete step of every street network on CUDA gives the CPU's losses and gradients") {
  const CudaDevice device;
  for (const char* network : {"segformer-b0", "daformer-b0", "hrda-b0", "deeplabv2-r50"}) {
    CAPTURE(network);
    const Config config = street_config(network);
    const Agreement agreement = compare_devices(config, config, batch_of(config, 0), tiny_network);
    CHECK(agreement.largest_loss_error <= 1e-5);
    CHECK(agreement.gradient_error <= 1e-4);
  }
}

TEST_CASE("ISA fusion on CUDA gives the CPU's losses and gradients") {
  const CudaDevice device;
  const Config config = street_config("daformer-b0", {"model.fusion=isa", "uda.mode=source-only"});
  const Agreement agreement = compare_devices(config, config, batch_of(config, 0), tiny_network);
  CHECK(agreement.largest_loss_error <= 1e-5);
  CHECK(agreement.gradient_error <= 1e-4);
}

TEST_CASE("the further losses of the street scenes are the same on CUDA") {
  const CudaDevice device;
  const Config config =
      street_config("segformer-b0", {"train.crop=128", "uda.mode=source-only", "model.pretrained=none",
                                     "uda.entropy_weight=0.1", "uda.adversarial_weight=0.1",
                                     "uda.feature_distance_weight=0.1"});
  data::Batch batch = batch_of(config, 0);
  batch.source_labels.fill(1);  // one of the things whose features are kept, everywhere
  const Agreement agreement = compare_devices(config, config, batch, tiny_network);
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
        batch_of(config, 0), tiny_network);
    CHECK(agreement.largest_loss_error <= loss_tolerance);
    CHECK(agreement.gradient_error <= gradient_tolerance);
    CHECK(agreement.gradient_error > 1e-4);  // it did compute in 16 bits
  }
}

TEST_CASE("a step of a street network does not wait for the device") {
  const CudaDevice device;
  Training training(street_config("hrda-b0", {"model.pretrained=none", "uda.feature_distance_weight=0.1"}),
                    Device::cuda, tiny_network);
  check_that_steps_do_not_wait(training);
}

// Whole MaskTwins steps on CUDA, emulated or real, beside the same steps on the CPU.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

#include "tensor/autograd.h"
#include "tests/cuda_device.h"
#include "tests/masktwins/training.h"

using namespace masktwins;
using namespace masktwins::tests;

namespace {

Config small_config(const std::vector<std::string>& more = {}) {
  std::vector<std::string> settings = {"model.width=2", "train.crop=32", "train.batch=2", "uda.mask_block=8",
                                       "uda.quality_threshold=0.5"};
  settings.insert(settings.end(), more.begin(), more.end());
  return parse_config("", "test", settings);
}

}  // namespace

TEST_CASE("a complete step on CUDA gives the CPU's losses and gradients") {
  const CudaDevice device;
  for (const std::string norm : {"instance", "batch"}) {
    CAPTURE(norm);
    const Config config = small_config({"model.norm=" + norm});
    const Agreement agreement = compare_devices(config, config, batch_of(config, 0));
    CHECK(agreement.largest_loss_error <= 1e-5);
    CHECK(agreement.gradient_error <= 1e-4);
  }
}

TEST_CASE("a step in 16 bits is near the CPU's in float32") {
  const CudaDevice device;
  // About the rounding error of one number, 2^-9 and 2^-12, times the depth of the network.
  for (const auto& [precision, loss_tolerance, gradient_tolerance] :
       {std::tuple(std::string("bfloat16"), 2e-2, 0.2), std::tuple(std::string("float16"), 4e-3, 0.04)}) {
    CAPTURE(precision);
    const Agreement agreement =
        compare_devices(small_config(), small_config({concat_text("train.precision=", precision)}),
                        batch_of(small_config(), 0));
    CHECK(agreement.largest_loss_error <= loss_tolerance);
    CHECK(agreement.gradient_error <= gradient_tolerance);
    CHECK(agreement.gradient_error > 1e-4);  // it did compute in 16 bits
  }
}

TEST_CASE("ten steps on CUDA train as on the CPU, and repeat every bit") {
  const CudaDevice device;
  const auto train = [](int64_t steps, Device on) {
    Training training(small_config({"train.lr=3e-3", "train.clip_norm=10"}), on);
    std::vector<double> losses;
    for (int64_t step = 0; step < steps; ++step)
      losses.push_back(training.run(batch_of(training.config, step)).at("source"));
    return std::pair(losses, training.arena.values().to_values<float>());
  };
  const auto losses = train(10, Device::cuda).first, expected = train(10, Device::cpu).first;
  CHECK(losses.back() < 0.96 * losses.front());
  for (std::size_t step = 0; step < losses.size(); ++step)
    CHECK(std::abs(losses[step] - expected[step]) <= 1e-3);
  CHECK(train(2, Device::cuda).second == train(2, Device::cuda).second);
}

TEST_CASE("a step does not wait for the device") {
  const CudaDevice device;
  Training training(small_config({"train.clip_norm=1"}), Device::cuda);
  check_that_steps_do_not_wait(training);
}

TEST_CASE("a NaN on CUDA stops the student at once and is reported at the next look") {
  const CudaDevice device;
  Training training(small_config(), Device::cuda);
  training.run(batch_of(training.config, 0));
  const auto before = training.arena.values().to_values<float>();
  data::Batch bad = batch_of(training.config, 1);
  bad.source_images.data<float>()[5] = NAN;
  training.step.run(to(bad, Device::cuda));
  training.step.run(to(batch_of(training.config, 2), Device::cuda));
  CHECK(training.arena.values().to_values<float>() == before);
  CHECK_THROWS_WITH_AS(training.step.losses().check(), "loss 'source' is nan", NonFiniteError);
  CHECK(training.step.losses().failed_step() == 1);
}

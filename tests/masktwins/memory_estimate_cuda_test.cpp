// The estimate for a step on CUDA: of what the device's allocator holds there.
#include <doctest/doctest.h>

#include "masktwins/memory_estimate.h"
#include "tensor/allocator.h"
#include "tests/cuda_device.h"
#include "tests/masktwins/training.h"

using namespace masktwins;
using namespace masktwins::tests;

TEST_CASE("on CUDA the estimate is within a quarter of what a step needs there, in 16 bits less") {
  const CudaDevice device;
  const auto config_with = [](const std::string& precision) {
    return parse_config("", "test",
                        {"model.width=4", "train.crop=64", "train.batch=1", "uda.class_mix=false",
                         "uda.mask_augment=false", "train.precision=" + precision});
  };
  const Config config = config_with("float32");
  const MemoryEstimate parts = estimate_memory(config, 16, Device::cuda);
  const double estimate = parts.total();
  CHECK(estimate_memory(config_with("bfloat16"), 16, Device::cuda).activations < 0.8 * parts.activations);
  CachingAllocator& allocator = CachingAllocator::of(Device::cuda);
  const double before = static_cast<double>(allocator.stats().active);
  Training training(config, Device::cuda);
  training.run(batch_of(config, 0));
  allocator.reset_peak();
  training.run(batch_of(config, 1));
  const double measured = static_cast<double>(allocator.stats().peak) - before;
  MESSAGE("estimated ", estimate * 1e-6, " MB, measured ", measured * 1e-6, " MB");
  CHECK(estimate > 0.75 * measured);
  CHECK(estimate < 1.25 * measured);
  CHECK(available_memory(Device::cuda) > 1e6);
}

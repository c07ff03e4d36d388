#include "masktwins/memory_estimate.h"

#include <doctest/doctest.h>

#include "masktwins/network.h"
#include "masktwins/train_step.h"
#include "tensor/allocator.h"
#include "tensor/op.h"

using namespace masktwins;

namespace {

// What tensors hold at the peak of the second step, when everything exists.
double measured_peak(const Config& config) {
  const double before = static_cast<double>(CachingAllocator::cpu().stats().active);
  const auto student = build_network(config), teacher = build_network(config);
  optim::ParameterArena student_arena(*student), teacher_arena(*teacher);
  const auto optimizer = optim::build_optimizer(student_arena, {});
  TrainStep step(config, *student, *optimizer, *teacher, teacher_arena);
  const int64_t batch = config.train.batch, side = config.train.crop, channels = config.model.in_channels;
  const int64_t target_batch = config.train.target_batch > 0 ? config.train.target_batch : batch;
  const Tensors images = make_inputs(
      {{{{batch, channels, side, side}}, {{target_batch, channels, side, side}}}, {}}, DType::float32, 1);
  const Tensor labels = Tensor::zeros({batch, side, side}, DType::uint8);
  step.run({0, images[0], labels, images[1]});
  CachingAllocator::cpu().reset_peak();
  step.run({1, images[0], labels, images[1]});
  return static_cast<double>(CachingAllocator::cpu().stats().peak) - before;
}

}  // namespace

TEST_CASE("the estimate is within a quarter of what a step needs") {
  const std::vector<std::vector<std::string>> configurations = {
      {"model.width=8", "train.crop=256", "train.batch=1"},
      {"model.name=daformer-b0", "model.head_channels=32", "train.crop=256", "train.batch=1"},
      {"model.name=daformer-b0", "model.head_channels=32", "train.crop=256", "train.batch=2",
       "train.target_batch=1"},
      {"model.name=daformer-b0", "model.head_channels=32", "train.crop=256", "train.batch=1",
       "uda.save_memory=true"},
      {"model.name=hrda-b0", "model.head_channels=32", "train.crop=512", "model.hr_crop=256",
       "train.batch=1"}};
  for (std::vector<std::string> settings : configurations) {
    CAPTURE(settings[0]);
    settings.insert(settings.end(), {"uda.mode=masktwins", "uda.class_mix=false", "uda.mask_augment=false"});
    if (settings[0] != "model.width=8")
      settings.insert(settings.end(), {"model.in_channels=3", "model.classes=19"});
    const Config config = parse_config("", "test", settings);
    const double estimate = estimate_memory(config, build_network(config)->size_multiple()).total();
    const double measured = measured_peak(config);
    MESSAGE(settings[0], ": estimated ", estimate * 1e-6, " MB, measured ", measured * 1e-6, " MB");
    CHECK(estimate > 0.75 * measured);
    CHECK(estimate < 1.25 * measured);
  }
}

TEST_CASE("a step that will not fit is announced with what to change") {
  const MemoryEstimate estimate{1e9, 3e9};
  CHECK(memory_warning(estimate, 4.1e9).empty());
  const std::string warning = memory_warning(estimate, 2e9);
  CHECK(warning.find("4.0 GB") != std::string::npos);
  CHECK(warning.find("2.0 GB") != std::string::npos);
  CHECK(warning.find("model.checkpoint_blocks") != std::string::npos);
  CHECK(available_memory() > 1e6);
}

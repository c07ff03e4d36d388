// --cuda-graph changes how kernels are launched and no bit of what they compute.
#include <doctest/doctest.h>

#include "tests/cuda_device.h"
#include "tests/masktwins/training.h"

using namespace masktwins;
using namespace masktwins::tests;

namespace {

struct Trace {
  std::vector<double> losses;
  std::vector<float> student, teacher;
};

Trace train(const Config& config, bool as_graphs, const NetworkBuilder& build) {
  Training training(config, Device::cuda, build);
  if (as_graphs) training.step.launch_as_graphs();
  Trace trace;
  for (int64_t step = 0; step < config.train.iterations; ++step)
    for (const auto& [name, loss] : training.run(batch_of(config, step))) trace.losses.push_back(loss);
  trace.student = training.arena.values().to_values<float>();
  trace.teacher = training.teacher_arena.values().to_values<float>();
  return trace;
}

void check_graphs(const Config& config, const NetworkBuilder& build = build_network) {
  const Trace graph = train(config, true, build), plain = train(config, false, build);
  CHECK(graph.losses == plain.losses);
  CHECK(graph.student == plain.student);
  CHECK(graph.teacher == plain.teacher);
}

}  // namespace

// Some steps without the target, then some with it; whether an image is blurred differs from step to step.
TEST_CASE("steps launched as graphs give the same bits as steps launched kernel by kernel") {
  const CudaDevice device;
  check_graphs(parse_config("", "test",
                            {"model.width=2", "model.norm=batch", "train.crop=32", "train.batch=1",
                             "train.iterations=6", "train.lr=3e-3", "train.precision=float16", "uda.start=2",
                             "uda.mask_block=8", "uda.quality_threshold=0.5", "uda.blur_probability=0.5"}));
}

// Random draws of paths and channels, and windows at other places in every step.
TEST_CASE("steps of a transformer launched as graphs give the same bits") {
  const CudaDevice device;
  check_graphs(parse_config("", "test",
                            {"model.name=hrda-b0", "model.in_channels=3", "model.classes=5", "train.crop=64",
                             "train.batch=1", "train.iterations=3", "model.hr_crop=32", "uda.mode=dacs",
                             "uda.mask_block=8", "uda.quality_threshold=0.2"}),
               tiny_network);
}

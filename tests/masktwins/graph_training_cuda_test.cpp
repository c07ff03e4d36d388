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

// Some steps without the target, then some with it; whether an image is blurred differs from step to step.
Trace train(bool as_graphs) {
  Training training(
      parse_config("", "test",
                   {"model.width=2", "model.norm=batch", "train.crop=32", "train.batch=1", "train.lr=3e-3",
                    "train.precision=float16", "uda.start=2", "uda.mask_block=8", "uda.quality_threshold=0.5",
                    "uda.blur_probability=0.5"}),
      Device::cuda);
  if (as_graphs) training.step.launch_as_graphs();
  Trace trace;
  for (int64_t step = 0; step < 6; ++step)
    for (const auto& [name, loss] : training.run(batch_of(training.config, step)))
      trace.losses.push_back(loss);
  trace.student = training.arena.values().to_values<float>();
  trace.teacher = training.teacher_arena.values().to_values<float>();
  return trace;
}

}  // namespace

TEST_CASE("steps launched as graphs give the same bits as steps launched kernel by kernel") {
  const CudaDevice device;
  const Trace graph = train(true), plain = train(false);
  CHECK(graph.losses == plain.losses);
  CHECK(graph.student == plain.student);
  CHECK(graph.teacher == plain.teacher);
}

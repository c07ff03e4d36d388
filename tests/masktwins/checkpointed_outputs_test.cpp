// Computing the masked views twice instead of keeping them (section 9 of the method's description) changes
// memory and nothing else.
#include "masktwins/checkpointed_outputs.h"

#include <doctest/doctest.h>

#include "masktwins/train_step.h"
#include "tensor/allocator.h"
#include "tensor/autograd.h"
#include "tensor/op.h"
#include "tensor/random.h"
#include "tests/tiny_networks.h"

using namespace masktwins;
using namespace masktwins::tests;

namespace {

Tensor random_images(int64_t side, uint32_t seed) {
  return make_inputs({{{{2, 3, side, side}}}, {}}, DType::float32, seed)[0];
}

Tensor random_labels(int64_t side) {
  const Argument label{.shape = {2, side, side}, .fill = Fill::integers, .high = 4, .dtype = DType::uint8};
  return make_inputs({{label}, {}}, DType::float32, 3)[0];
}

// Everything that a step may change, one tensor after the other.
std::vector<double> state_of(const nn::Module& module) {
  std::vector<double> values;
  const auto append = [&](const Tensor& tensor) {
    const std::vector<double> more = tensor.to(DType::float64).to_values<double>();
    values.insert(values.end(), more.begin(), more.end());
  };
  for (const auto& [name, parameter] : module.named_parameters()) append(*parameter);
  for (const auto& [name, buffer] : module.named_buffers()) append(*buffer);
  return values;
}

struct Result {
  std::vector<double> student, teacher, losses;
  double peak = 0;  // bytes above what the networks hold
};

Result two_steps(const std::string& network, int64_t side, bool save_memory) {
  const Config config =
      parse_config("", "test",
                   {"uda.class_mix=false", "uda.mask_augment=false", "uda.mask_block=16", "uda.cm_weight=1",
                    save_memory ? "uda.save_memory=true" : "uda.save_memory=false"});
  const auto student = nn::build_model(network, tiny_options());
  const auto teacher = nn::build_model(network, tiny_options());
  optim::ParameterArena arena(*student), teacher_arena(*teacher);
  const auto optimizer = optim::build_optimizer(arena, {});
  TrainStep train_step(config, *student, *optimizer, *teacher, teacher_arena);
  data::Batch batch{0, random_images(side, 1), random_labels(side), random_images(side, 2)};
  Result result;
  for (batch.step = 0; batch.step < 2; ++batch.step) {
    const double before = static_cast<double>(CachingAllocator::cpu().stats().active);
    CachingAllocator::cpu().reset_peak();
    const StepReport report = train_step.run(batch);
    result.peak = static_cast<double>(CachingAllocator::cpu().stats().peak) - before;
    for (const auto& [name, loss] : report.losses) result.losses.push_back(loss.item());
  }
  result.student = state_of(*student);
  result.teacher = state_of(*teacher);
  return result;
}

}  // namespace

TEST_CASE("steps that save memory end with the same bits") {
  for (const std::string& network : families) {
    CAPTURE(network);
    const Result plain = two_steps(network, 128, false), saving = two_steps(network, 128, true);
    CHECK(saving.losses == plain.losses);
    CHECK(saving.student == plain.student);
    CHECK(saving.teacher == plain.teacher);
    MESSAGE(network, ": peak of a step ", plain.peak * 1e-6, " MB, saving ", saving.peak * 1e-6, " MB");
    CHECK(saving.peak < 0.8 * plain.peak);
  }
}

TEST_CASE("the parts of a checkpointed output are those of the plain one") {
  const auto model = nn::build_model("hrda-b0", tiny_options());
  const Tensor images = random_images(128, 4);
  begin_random_step(1, 5);
  const nn::SegmentationOutput plain = model->outputs(images);
  begin_random_step(1, 5);
  const nn::SegmentationOutput packed = checkpointed_outputs(*model, images);
  CHECK(packed.logits.to_values<float>() == plain.logits.to_values<float>());
  CHECK(packed.detail_logits.to_values<float>() == plain.detail_logits.to_values<float>());
  CHECK(packed.detail_window.top == plain.detail_window.top);
  CHECK(packed.detail_window.left == plain.detail_window.left);
  CHECK(packed.detail_window.height == plain.detail_window.height);
  CHECK(!packed.features.defined());
}

// Whole training steps against PyTorch, in float64: every loss term of every step, and student and teacher at
// the end, see tests/reference/masktwins_steps.py.
#include <doctest/doctest.h>

#include "nn/segmentation_model.h"
#include "optim/optimizer.h"
#include "tests/masktwins/step_golden.h"
#include "tests/network_golden.h"

using namespace masktwins;
using namespace masktwins::tests;

namespace {

constexpr double tolerance = 1e-9;
const std::string folder = "tests/golden/steps/";

Tensor in_double(const data::TensorFile& file, const std::string& name) {
  CAPTURE(name);
  REQUIRE(file.tensors.count(name) == 1);
  return file.tensors.at(name).to(DType::float64);
}

std::unique_ptr<nn::SegmentationModel> initial_model(const ModelConfig& model,
                                                     const data::TensorFile& inputs) {
  auto network = nn::build_model(
      model.name,
      {.width = model.width, .norm = model.norm, .in_channels = model.in_channels, .classes = model.classes});
  network->to(DType::float64);
  for (const auto& [name, parameter] : network->named_parameters())
    parameter->copy_from(in_double(inputs, "initial." + name));
  return network;
}

data::Batch batch_of(const data::TensorFile& inputs, int64_t step) {
  const std::string prefix = "step" + std::to_string(step) + ".";
  return {.step = step,
          .source_images = in_double(inputs, prefix + "source"),
          .source_labels = inputs.tensors.at(prefix + "label"),
          .target_images = in_double(inputs, prefix + "target")};
}

void check_network(const std::string& role, const nn::Module& network, const data::TensorFile& golden) {
  INFO(role);
  check_rows(sorted_parameters(network), golden.tensors.at(role + ".parameters"), tolerance);
}

void check_mode(const std::string& mode) {
  const data::TensorFile inputs = data::read_safetensors(folder + "inputs.safetensors");
  const data::TensorFile golden = data::read_safetensors(folder + mode + ".safetensors");
  const Config config = parse_config(golden.metadata.at("config"), mode);

  const auto student = initial_model(config.model, inputs), teacher = initial_model(config.model, inputs);
  optim::ParameterArena arena(*student), teacher_arena(*teacher);
  const auto optimizer = optim::build_optimizer(
      arena, {.name = config.train.optimizer, .beta1 = config.train.beta1, .beta2 = config.train.beta2});
  TrainStep train_step(config, *student, *optimizer, *teacher, teacher_arena);

  Terms terms;
  for (int64_t t = 0; t < golden.tensors.at("source").numel(); ++t) {
    append_terms(train_step.run(batch_of(inputs, t)), terms);
  }
  check_terms(terms, golden_terms(golden), tolerance);
  check_network("student", *student, golden);
  check_network("teacher", *teacher, golden);
}

}  // namespace

TEST_CASE("ten steps of masktwins equal PyTorch's") { check_mode("masktwins"); }
TEST_CASE("steps of random-twin equal PyTorch's") { check_mode("random-twin"); }
TEST_CASE("steps of mic equal PyTorch's") { check_mode("mic"); }
TEST_CASE("steps of dacs equal PyTorch's") { check_mode("dacs"); }
TEST_CASE("steps of paper equal PyTorch's") { check_mode("paper"); }

// Ten steps of the complete preset masktwins with HRDA against PyTorch, see tests/reference/hrda_steps.py.
#include <doctest/doctest.h>

#include "masktwins/parameter_groups.h"
#include "optim/optimizer.h"
#include "tensor/ops/scale.h"
#include "tests/masktwins/step_golden.h"
#include "tests/network_golden.h"

using namespace masktwins;
using namespace masktwins::tests;

namespace {

constexpr uint32_t first_image_site = 200000, colour_site = 300000;
constexpr int64_t size = 128, cell = 16, classes = 5;
constexpr int64_t top_margin = 4, bottom_margin = 10;

std::unique_ptr<nn::SegmentationModel> build(const ModelConfig& model, DType dtype) {
  nn::ModelOptions options;
  options.in_channels = 3;
  options.classes = classes;
  options.stage_channels = {8, 16, 20, 32};
  options.stage_depths = {1, 1, 2, 1};
  options.head_channels = 12;
  options.hr_crop = 64;
  options.drop_path = model.drop_path;
  options.dropout = model.dropout;
  auto network = nn::build_model(model.name, options);
  initialise(*network, dtype);
  return network;
}

// The labels of step t from one number per cell.
Tensor labels_of(const Tensor& cells, int64_t t) {
  const int64_t batch = cells.dim(1), side = size / cell;
  Tensor labels = Tensor::empty({batch, size, size}, DType::uint8);
  const std::vector<uint8_t> values = cells.to_values<uint8_t>();
  uint8_t* out = labels.data<uint8_t>();
  for (int64_t n = 0; n < batch; ++n)
    for (int64_t y = 0; y < size; ++y)
      for (int64_t x = 0; x < size; ++x)
        *out++ = values[static_cast<std::size_t>(((t * batch + n) * side + y / cell) * side + x / cell)];
  return labels;
}

// Every class has a colour; ignored pixels have that of class 0.
Tensor picture(const Tensor& labels, double contrast, uint32_t site) {
  const std::vector<double> colours = noise(colour_site, {classes, 3}).to_values<double>();
  Tensor image = noise(site, {labels.dim(0), 3, size, size}, 0.5);
  for (int64_t pixel = 0; pixel < labels.numel(); ++pixel) {
    const uint8_t label = labels.data<uint8_t>()[pixel];
    for (int64_t c = 0; c < 3; ++c)
      image.data<double>()[3 * pixel + c] +=
          contrast * colours[static_cast<std::size_t>(3 * (label == 255 ? 0 : label) + c)];
  }
  return image;
}

data::Batch batch_of(const data::TensorFile& golden, int64_t t, DType dtype) {
  const auto site = first_image_site + 2 * static_cast<uint32_t>(t);
  const Tensor labels = labels_of(golden.tensors.at("cells.source"), t);
  const Tensor target_labels = labels_of(golden.tensors.at("cells.target"), t);
  Tensor weights = Tensor::full({1, size, size}, 1);
  std::fill_n(weights.data<float>(), top_margin * size, 0.0f);
  std::fill_n(weights.data<float>() + (size - bottom_margin) * size, bottom_margin * size, 0.0f);
  return {.step = t,
          .source_images = picture(labels, 1, site).to(dtype),
          .source_labels = labels,
          .target_images = picture(target_labels, 0.6, site + 1).to(dtype),
          .target_weights = weights};
}

// Networks as a Trainer sets them up.
struct Setting {
  Setting(const Config& config, DType dtype)
      : student(build(config.model, dtype)),
        teacher(build(config.model, dtype)),
        arena(*student),
        teacher_arena(*teacher),
        optimizer(optim::build_optimizer(
            arena, {.name = config.train.optimizer, .weight_decay = config.train.weight_decay},
            parameter_groups(config.train, arena))),
        feature_distance(frozen(config.model, dtype), {1, 3}),
        train_step(config, *student, *optimizer, *teacher, teacher_arena, {&feature_distance, nullptr}) {}

  // Others than the student's first, whose features have distance 0 and no slope.
  static std::unique_ptr<nn::SegmentationModel> frozen(const ModelConfig& model, DType dtype) {
    auto network = build(model, dtype);
    for (const auto& [name, parameter] : network->named_parameters())
      parameter->copy_from(scale(parameter->detach(), 0.9));
    return network;
  }

  std::unique_ptr<nn::SegmentationModel> student, teacher;
  optim::ParameterArena arena, teacher_arena;
  std::unique_ptr<optim::Optimizer> optimizer;
  FeatureDistance feature_distance;
  TrainStep train_step;
};

void check_network(const std::string& role, const nn::Module& network, const data::TensorFile& golden,
                   double tolerance) {
  INFO(role);
  check_rows(sorted_parameters(network), golden.tensors.at(role + ".parameters"), tolerance);
  check_rows(sorted_statistics(network), golden.tensors.at(role + ".statistics"), tolerance);
}

}  // namespace

// In single precision rounding turns some pixels, where two classes are about equally probable, from one
// pseudo-label to the other, and Adam enlarges small gradients: measured after ten steps are 8e-4 in the
// losses and 1e-2 in the networks. In double precision everything agrees to 1e-9.
TEST_CASE("ten steps of masktwins with HRDA equal PyTorch's") {
  const data::TensorFile golden = data::read_safetensors("tests/golden/steps/hrda.safetensors");
  const Config config = parse_config(golden.metadata.at("config"), "hrda");
  for (const DType dtype : {DType::float64, DType::float32}) {
    const bool exact = dtype == DType::float64;
    INFO(std::string(name_of(dtype)));
    Setting setting(config, dtype);
    Terms terms;
    for (int64_t t = 0; t < golden.tensors.at("source").numel(); ++t)
      append_terms(setting.train_step.run(batch_of(golden, t, dtype)), terms);
    check_terms(terms, golden_terms(golden), exact ? 1e-9 : 2e-3);
    check_network("student", *setting.student, golden, exact ? 1e-9 : 2e-2);
    check_network("teacher", *setting.teacher, golden, exact ? 1e-9 : 2e-2);
  }
}

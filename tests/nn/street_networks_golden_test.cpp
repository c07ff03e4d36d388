// The street networks against PyTorch, in double and in single precision, see
// tests/reference/write_street_networks.py and parameter_draws.py.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <regex>

#include "data/safetensors.h"
#include "nn/mit.h"
#include "nn/segmentation_model.h"
#include "tensor/autograd.h"
#include "tensor/ops/add.h"
#include "tensor/ops/mul.h"
#include "tensor/ops/sum.h"
#include "tensor/random.h"
#include "tests/compare.h"

using namespace masktwins;

namespace {

constexpr uint32_t image_site = 100000, weights_site = 100001, detail_weights_site = 100002;

// Uniform with variance 1, in logical order.
Tensor noise(uint32_t site, const Shape& shape, double factor = 1, double offset = 0) {
  std::vector<double> values;
  for (int64_t i = 0; i < shape.numel(); ++i) {
    const double u = kernels::uniform01(kernels::philox({11, site}, 0, static_cast<uint64_t>(i)).word[0]);
    values.push_back((2 * u - 1) * std::sqrt(3.0) * factor + offset);
  }
  return Tensor::from_values<double>(shape, values);
}

bool is_factor(const std::string& name) {
  static const std::regex factor(R"((norm\d?|bn)\.weight$)");
  return std::regex_search(name, factor);
}

std::map<std::string, Tensor*> sorted_parameters(const nn::Module& module) {
  std::map<std::string, Tensor*> sorted;
  for (const auto& [name, parameter] : module.named_parameters()) sorted[name] = parameter;
  return sorted;
}

// The same values as parameter_draws.py, in the given precision.
void initialise(nn::Module& module, DType dtype) {
  module.to(dtype);
  uint32_t site = 0;
  for (const auto& [name, parameter] : sorted_parameters(module)) {
    const Shape& shape = parameter->shape();
    const double fan_in = static_cast<double>(shape.numel()) / static_cast<double>(shape[0]);
    const Tensor values = shape.rank() > 1 ? noise(site, shape, 1 / std::sqrt(fan_in))
                                           : noise(site, shape, 0.1, is_factor(name) ? 1 : 0);
    parameter->copy_from(values.to(dtype));
    ++site;
  }
}

// So many elements spread over the tensor, and its Euclidean norm.
std::vector<double> probe(const Tensor& tensor, int64_t count = 8) {
  const std::vector<double> values = tensor.to(DType::float64).to_values<double>();
  const int64_t last = static_cast<int64_t>(values.size()) - 1;
  std::vector<double> kept;
  for (int64_t i = 0; i < count; ++i)
    kept.push_back(values[static_cast<std::size_t>(i * last / (count - 1))]);
  double squares = 0;
  for (const double value : values) squares += value * value;
  kept.push_back(std::sqrt(squares));
  return kept;
}

// Errors relative to the size of the whole tensor: to its norm, divided by the root of its number of
// elements.
void check_probe(const Tensor& tensor, const std::vector<double>& expected, double tolerance,
                 const std::string& what) {
  INFO(what);
  const std::vector<double> actual = probe(tensor, static_cast<int64_t>(expected.size()) - 1);
  const double norm = expected.back();
  const double root = std::sqrt(static_cast<double>(tensor.numel()));
  const double typical = std::max(0.1, norm / root);
  double worst = 0;
  for (std::size_t i = 0; i + 1 < expected.size(); ++i) {
    const double error = std::abs(actual[i] - expected[i]) / (typical + std::abs(expected[i]));
    if (!(error <= worst)) worst = std::isnan(error) ? INFINITY : error;
  }
  CHECK(worst <= tolerance);
  CHECK(std::abs(actual.back() - norm) <= tolerance * typical * root);
}

void check_gradients(const nn::Module& module, const data::TensorFile& golden, double tolerance) {
  const Tensor& rows = golden.tensors.at("gradients");
  const auto parameters = sorted_parameters(module);
  REQUIRE(rows.dim(0) == static_cast<int64_t>(parameters.size()));
  const double* row = rows.data<double>();
  for (const auto& [name, parameter] : parameters) {
    check_probe(parameter->grad(), {row, row + rows.dim(1)}, tolerance, "gradient of " + name);
    row += rows.dim(1);
  }
}

std::vector<double> expected(const data::TensorFile& golden, const std::string& name) {
  REQUIRE(golden.tensors.count(name) == 1);
  return golden.tensors.at(name).to_values<double>();
}

nn::ModelOptions narrow() {
  nn::ModelOptions options;
  options.in_channels = 3;
  options.classes = 5;
  options.stage_channels = {8, 16, 20, 32};
  options.stage_depths = {1, 1, 2, 1};
  options.head_channels = 12;
  options.hr_crop = 64;
  options.drop_path = options.dropout = 0;
  return options;
}

template <class Body>
void in_both_precisions(const std::string& name, Body&& body) {
  const data::TensorFile golden = data::read_safetensors("tests/golden/street/" + name + ".safetensors");
  for (const DType dtype : {DType::float64, DType::float32}) {
    INFO(name, " in ", std::string(name_of(dtype)));
    body(golden, dtype, dtype == DType::float64 ? 1e-9 : 1e-4);
  }
}

}  // namespace

TEST_CASE("SegFormer-B0 computes what Hugging Face's computes") {
  in_both_precisions("segformer-b0", [](const data::TensorFile& golden, DType dtype, double tolerance) {
    nn::ModelOptions options;
    options.in_channels = 3;
    options.classes = 5;
    options.drop_path = options.dropout = 0;
    const auto model = nn::build_model("segformer-b0", options);
    initialise(*model, dtype);
    const Tensor logits = model->outputs(noise(image_site, {2, 3, 64, 96}).to(dtype)).logits;
    check_probe(logits, expected(golden, "logits"), tolerance, "logits");
    backward(logits, noise(weights_site, logits.shape()).to(dtype));
    check_gradients(*model, golden, tolerance);
  });
}

TEST_CASE("blocks of B1 to B5 compute what Hugging Face's compute") {
  const int64_t channels[] = {64, 128, 320, 512}, heads[] = {1, 2, 5, 8}, reductions[] = {8, 4, 2, 1};
  for (int s = 0; s < 4; ++s)
    in_both_precisions("block" + std::to_string(s + 1),
                       [&](const data::TensorFile& golden, DType dtype, double tolerance) {
                         nn::Initializer init(1);
                         nn::MixBlock block(channels[s], heads[s], reductions[s], 0, init);
                         initialise(block, dtype);
                         const Tensor y = block.forward(noise(image_site, {1, channels[s], 16, 8}).to(dtype));
                         check_probe(y, expected(golden, "result"), tolerance, "result");
                         backward(y, noise(weights_site, y.shape()).to(dtype));
                         check_gradients(block, golden, tolerance);
                       });
}

TEST_CASE("DAFormer computes what PyTorch computes") {
  in_both_precisions("daformer", [](const data::TensorFile& golden, DType dtype, double tolerance) {
    const auto model = nn::build_model("daformer-b0", narrow());
    initialise(*model, dtype);
    const nn::SegmentationOutput output = model->outputs(noise(image_site, {2, 3, 160, 192}).to(dtype));
    check_probe(output.logits, expected(golden, "logits"), tolerance, "logits");
    check_probe(output.features, expected(golden, "features"), tolerance, "features");
    backward(output.logits, noise(weights_site, output.logits.shape()).to(dtype));
    check_gradients(*model, golden, tolerance);
  });
}

TEST_CASE("HRDA computes what PyTorch computes, in training, as teacher and in evaluation") {
  in_both_precisions("hrda", [](const data::TensorFile& golden, DType dtype, double tolerance) {
    const auto model = nn::build_model("hrda-b0", narrow());
    initialise(*model, dtype);
    const Tensor images = noise(image_site, {2, 3, 128, 192}).to(dtype);
    begin_random_step(7, 3);
    const nn::SegmentationOutput output = model->outputs(images);
    CHECK(std::vector<int64_t>{output.detail_window.top, output.detail_window.left} ==
          golden.tensors.at("window").to_values<int64_t>());
    check_probe(output.logits, expected(golden, "logits"), tolerance, "logits");
    check_probe(output.detail_logits, expected(golden, "detail_logits"), tolerance, "detail_logits");
    const auto weighted = [&](const Tensor& logits, uint32_t site) {
      return sum(mul(logits, noise(site, logits.shape()).to(dtype)));
    };
    backward(add(weighted(output.logits, weights_site), weighted(output.detail_logits, detail_weights_site)));
    check_gradients(*model, golden, tolerance);
    check_probe(model->forward(images), expected(golden, "teacher"), tolerance, "teacher");
    model->set_training(false);
    check_probe(model->forward(images), expected(golden, "prediction"), tolerance, "prediction");
  });
}

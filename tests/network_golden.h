// Golden tests of whole networks: parameters that C++ and Python draw alike
// (tests/reference/parameter_draws.py), so that the files need not hold them, and comparisons of a few
// elements instead of whole tensors.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "data/safetensors.h"
#include "kernels/common/philox.h"
#include "nn/module.h"

namespace masktwins::tests {

constexpr uint32_t image_site = 100000, weights_site = 100001, detail_weights_site = 100002;

// Uniform with variance 1, in logical order.
inline Tensor noise(uint32_t site, const Shape& shape, double factor = 1, double offset = 0) {
  std::vector<double> values;
  for (int64_t i = 0; i < shape.numel(); ++i) {
    const double u = kernels::uniform01(kernels::philox({11, site}, 0, static_cast<uint64_t>(i)).word[0]);
    values.push_back((2 * u - 1) * std::sqrt(3.0) * factor + offset);
  }
  return Tensor::from_values<double>(shape, values);
}

// The factor of a norm: a vector called weight.
inline bool is_factor(const std::string& name, const Shape& shape) {
  return shape.rank() == 1 && name.ends_with(".weight");
}

using SortedTensors = std::map<std::string, Tensor*>;

inline SortedTensors sorted_parameters(const nn::Module& module) {
  const nn::NamedTensors named = module.named_parameters();
  return {named.begin(), named.end()};
}

// Without the counters of batch norm.
inline SortedTensors sorted_statistics(const nn::Module& module) {
  SortedTensors sorted;
  for (const auto& [name, buffer] : module.named_buffers())
    if (is_floating(buffer->dtype())) sorted[name] = buffer;
  return sorted;
}

// The same values as parameter_draws.py, rounded to the precision that the parameters have.
inline void draw_parameters(nn::Module& module) {
  uint32_t site = 0;
  for (const auto& [name, parameter] : sorted_parameters(module)) {
    const Shape& shape = parameter->shape();
    const double fan_in = static_cast<double>(shape.numel()) / static_cast<double>(shape[0]);
    const Tensor values = shape.rank() > 1 ? noise(site, shape, 1 / std::sqrt(fan_in))
                                           : noise(site, shape, 0.1, is_factor(name, shape) ? 1 : 0);
    parameter->copy_from(values.to(parameter->dtype()));
    ++site;
  }
}

inline void initialise(nn::Module& module, DType dtype) {
  module.to(dtype);
  draw_parameters(module);
}

// So many elements spread over the tensor, and its Euclidean norm.
inline std::vector<double> probe(const Tensor& tensor, int64_t count = 8) {
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
inline void check_probe(const Tensor& tensor, const std::vector<double>& expected, double tolerance,
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

// One row of probes per tensor, in the order of their names.
inline void check_rows(const SortedTensors& tensors, const Tensor& rows, double tolerance) {
  REQUIRE(rows.dim(0) == static_cast<int64_t>(tensors.size()));
  const double* row = rows.data<double>();
  for (const auto& [name, tensor] : tensors) {
    check_probe(*tensor, {row, row + rows.dim(1)}, tolerance, name);
    row += rows.dim(1);
  }
}

inline void check_gradients(const nn::Module& module, const data::TensorFile& golden, double tolerance,
                            const std::string& name_in_file = "gradients") {
  SortedTensors gradients = sorted_parameters(module);
  std::vector<Tensor> kept;
  kept.reserve(gradients.size());
  for (auto& [name, tensor] : gradients) tensor = &kept.emplace_back(tensor->grad());
  check_rows(gradients, golden.tensors.at(name_in_file), tolerance);
}

inline std::vector<double> expected(const data::TensorFile& golden, const std::string& name) {
  REQUIRE(golden.tensors.count(name) == 1);
  return golden.tensors.at(name).to_values<double>();
}

template <class Body>
void in_both_precisions(const std::string& name, Body&& body) {
  const data::TensorFile golden = data::read_safetensors("tests/golden/street/" + name + ".safetensors");
  for (const DType dtype : {DType::float64, DType::float32}) {
    INFO(name, " in ", std::string(name_of(dtype)));
    body(golden, dtype, dtype == DType::float64 ? 1e-9 : 1e-4);
  }
}

}  // namespace masktwins::tests

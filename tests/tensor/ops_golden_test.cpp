// Every registered op against PyTorch: results and gradients in float64, see tests/reference/write_ops.py.
#include <doctest/doctest.h>

#include <set>

#include "data/safetensors.h"
#include "tests/compare.h"
#include "tests/op_samples.h"

using namespace masktwins;
using namespace masktwins::tests;

namespace {

constexpr double tolerance = 1e-9;

// The elements that write_ops.py keeps: all of a small tensor, every n-th in logical order of a large one.
Tensor probe(const Tensor& tensor) {
  constexpr int64_t most_elements = 256;
  const int64_t count = tensor.numel();
  const int64_t stride = count <= most_elements ? 1 : (count / most_elements + 1) | 1;
  const std::vector<double> values = tensor.to(DType::float64).to_values<double>();
  std::vector<double> kept;
  for (int64_t i = 0; i < count; i += stride) kept.push_back(values[static_cast<std::size_t>(i)]);
  return Tensor::from_values<double>({static_cast<int64_t>(kept.size())}, kept);
}

// Results and gradients under the names of the golden file.
std::map<std::string, Tensor> computed_values(const OpDef& op) {
  std::map<std::string, Tensor> values;
  for (std::size_t i = 0; i < op.samples.size(); ++i) {
    const Sample& sample = op.samples[i];
    const std::string prefix = "sample" + std::to_string(i) + ".";
    const Tensors inputs = make_inputs(sample, DType::float64, seed);
    const Tensors results = run(op, inputs, sample.attributes);
    for (std::size_t j = 0; j < results.size(); ++j)
      values[prefix + "result" + std::to_string(j)] = probe(results[j]);
    if (!op.has_gradient) continue;
    const Tensors grads = gradients(op, sample, DType::float64);
    for (std::size_t j = 0; j < grads.size(); ++j)
      if (differentiable(sample.arguments[j]))
        values[prefix + "gradient" + std::to_string(j)] =
            probe(grads[j].defined() ? grads[j] : Tensor::zeros(inputs[j].shape(), DType::float64));
  }
  return values;
}

std::set<std::string> names_of(const std::map<std::string, Tensor>& values) {
  std::set<std::string> names;
  for (const auto& [name, value] : values) names.insert(name);
  return names;
}

}  // namespace

TEST_CASE("results and gradients equal PyTorch's") {
  for (const auto& [name, op] : registered_ops()) {
    INFO("if ", name, " or its samples changed on purpose, write its golden file anew:\n  ",
         "python3 tests/reference/write_ops.py build/masktwins_dump_samples ", name);
    data::TensorFile golden;
    CHECK_NOTHROW(golden = data::read_safetensors("tests/golden/ops/" + name + ".safetensors"));
    const std::map<std::string, Tensor> computed = computed_values(op);
    CHECK(names_of(computed) == names_of(golden.tensors));
    for (const auto& [key, expected] : golden.tensors)
      if (computed.count(key)) check_close(computed.at(key), expected, tolerance, name + ", " + key);
  }
}

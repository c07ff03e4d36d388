// Writes the samples of every registered op, or of those named, for PyTorch: <folder>/<op>.safetensors with
// `sample<i>.input<j>` in float64 and, where the op has a gradient, `sample<i>.weights` for its first result.
// write_ops.py calls it.
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "data/safetensors.h"
#include "tests/op_samples.h"

using namespace masktwins;

namespace {

data::TensorFile samples_of(const OpDef& op) {
  data::TensorFile file;
  nlohmann::json samples = nlohmann::json::array();
  for (std::size_t i = 0; i < op.samples.size(); ++i) {
    const Sample& sample = op.samples[i];
    const std::string prefix = "sample" + std::to_string(i) + ".";
    const Tensors inputs = make_inputs(sample, DType::float64, tests::seed);
    std::vector<bool> differentiable;
    for (std::size_t j = 0; j < inputs.size(); ++j) {
      file.tensors[prefix + "input" + std::to_string(j)] = inputs[j];
      differentiable.push_back(op.has_gradient && tests::differentiable(sample.arguments[j]));
    }
    if (op.has_gradient)
      file.tensors[prefix + "weights"] = tests::loss_weights(
          tests::run(op, make_inputs(sample, DType::float64, tests::seed), sample.attributes)[0].shape(),
          DType::float64);
    samples.push_back({{"attributes", sample.attributes}, {"differentiable", differentiable}});
  }
  file.metadata["samples"] = samples.dump();
  file.metadata["seed"] = std::to_string(tests::seed);
  return file;
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) {
    std::cerr << "usage: masktwins_dump_samples FOLDER [OP...]\n";
    return 2;
  }
  try {
    const std::filesystem::path folder = arguments[1];
    std::vector<std::string> names(arguments + 2, arguments + count);
    if (names.empty())
      for (const auto& [name, op] : registered_ops()) names.push_back(name);
    for (const std::string& name : names) {
      require(registered_ops().count(name) == 1, "no op is called '", name, "'");
      data::write_safetensors(folder / (name + ".safetensors"), samples_of(registered_ops().at(name)));
    }
  } catch (const Error& error) {
    std::cerr << "masktwins_dump_samples: " << error.what() << '\n';
    return 1;
  }
}

#include "tensor/op.h"

#include <cmath>

#include "kernels/common/philox.h"

namespace masktwins {
namespace {

std::map<std::string, OpDef>& registry() {
  static std::map<std::string, OpDef> ops;
  return ops;
}

// Box-Muller; only for test and benchmark inputs, so libm is good enough.
double standard_normal(const kernels::RandomWords& words) {
  const double u1 = (words.word[0] + 1.0) * 0x1p-32, u2 = words.word[1] * 0x1p-32;
  return std::sqrt(-2 * std::log(u1)) * std::cos(2 * M_PI * u2);
}

}  // namespace

const std::map<std::string, OpDef>& registered_ops() { return registry(); }

RegisterOp::RegisterOp(OpDef def) {
  const std::string name = def.name;
  require(registry().emplace(name, std::move(def)).second, "op ", name, " is registered twice");
}

double real_attribute(const Attributes& attributes, const char* name) {
  const auto found = attributes.find(name);
  require(found != attributes.end(), "op sample: attribute '", name, "' is missing");
  return found->second;
}

int64_t attribute(const Attributes& attributes, const char* name) {
  return static_cast<int64_t>(real_attribute(attributes, name));
}

Tensors make_inputs(const Sample& sample, DType floating, uint32_t seed) {
  Tensors inputs;
  for (const Argument& argument : sample.arguments) {
    const uint32_t site = static_cast<uint32_t>(inputs.size());
    Tensor values = Tensor::empty(argument.shape, DType::float64);
    double* data = values.data<double>();
    for (int64_t i = 0; i < values.numel(); ++i) {
      const kernels::RandomWords words = kernels::philox({seed, site}, 0, static_cast<uint64_t>(i));
      const double unit = words.word[0] * 0x1p-32;
      switch (argument.fill) {
        case Fill::normal: data[i] = standard_normal(words); break;
        case Fill::uniform: data[i] = argument.low + (argument.high - argument.low) * unit; break;
        case Fill::integers:
          data[i] = std::floor(argument.low + (argument.high - argument.low) * unit);
          break;
      }
      // float32 and float64 runs must see the same numbers.
      if (is_floating(argument.dtype)) data[i] = static_cast<double>(static_cast<float>(data[i]));
    }
    const DType type = argument.always_wide ? wide(floating) : floating;
    inputs.push_back(values.to(is_floating(argument.dtype) ? type : argument.dtype));
  }
  return inputs;
}

}  // namespace masktwins

// OpDef: one declaration per op, used for the reference test, the gradient check, the PyTorch golden files,
// fuzzed shapes, the benchmark and docs/ops.md. Registered by a static object in tensor/ops/<op>.cpp, so that
// adding an op edits no existing file.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tensor/profiler.h"
#include "tensor/tensor.h"

namespace masktwins {

// Named numbers of an op call: {{"stride", 2}, {"padding", 1}}.
using Attributes = std::map<std::string, double>;

int64_t attribute(const Attributes& attributes, const char* name);      // an integer; must exist
double real_attribute(const Attributes& attributes, const char* name);  // must exist

enum class Fill {
  normal,    // standard normal
  uniform,   // [low, high)
  integers,  // {low, ..., high - 1}, in the argument's dtype
};

// How to make one input of a sample. Arguments with a floating dtype follow the dtype under test.
struct Argument {
  Shape shape;
  Fill fill = Fill::normal;
  double low = 0, high = 1;
  DType dtype = DType::float32;
  bool differentiable = true;  // floating arguments only: is a gradient defined?
  bool always_wide = false;    // stays float32 when the dtype under test has 16 bits, as parameters do
};

struct Sample {
  std::vector<Argument> arguments;
  Attributes attributes;
};

using Tensors = std::vector<Tensor>;

// How autocast treats the op on devices with 16-bit arithmetic.
enum class Autocast { low_precision, keep_float32, follow_inputs };

struct OpDef {
  std::string name;     // of the function and of the files that define it
  std::string formula;  // one line, as in the contract
  // The op itself: `inputs` as made from a sample. The first result is differentiated (sum of all elements
  // weighted with fixed random numbers).
  std::function<Tensors(const Tensors& inputs, const Attributes&)> run;
  // The same in plain loops on float64 tensors: the meaning of the op, for reading and for tests.
  std::function<Tensors(const Tensors& inputs, const Attributes&)> reference;
  // Small cases: typical, one-sized, odd and (where the op allows it) empty shapes.
  std::vector<Sample> samples;
  // Cases of the size that training uses.
  std::vector<Sample> benchmarks;
  // Least bytes and flops of one forward call.
  std::function<Work(const Tensors& inputs, const Attributes&)> work;
  // Largest |error| / (1 + |reference|) of results and gradients in float32.
  double tolerance = 1e-5;
  bool has_gradient = true;
  // What the op computes in on CUDA.
  std::vector<DType> cuda_dtypes = {DType::float32, DType::bfloat16, DType::float16};
  Autocast autocast = Autocast::follow_inputs;
};

// All registered ops by name.
const std::map<std::string, OpDef>& registered_ops();

struct RegisterOp {
  explicit RegisterOp(OpDef def);
};

// Inputs of a sample: a pure function of (sample, seed). Floating arguments get `floating`.
Tensors make_inputs(const Sample& sample, DType floating, uint32_t seed);

}  // namespace masktwins

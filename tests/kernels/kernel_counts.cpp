#include "tests/kernels/kernel_counts.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <tuple>

#include "kernels/common/cuda.h"
#include "kernels/emulator/emulator.h"
#include "kernels/vendor/libraries.h"
#include "tensor/autograd.h"
#include "tensor/profiler.h"
#include "tests/op_samples.h"

namespace masktwins::tests {
namespace {

using kernels::cuda::Libraries;

constexpr int64_t most_elements = 1 << 17;  // of an argument
constexpr int64_t large = 64;               // smaller sizes stay as they are
constexpr int64_t classes = 256;            // as tables of all classes must
constexpr double allowed_excess = 1.15;
// Below this much an op is a handful of numbers, and sectors of 32 bytes are mostly padding.
constexpr double least_bytes = 4096;

int64_t largest_argument(const Sample& sample) {
  int64_t elements = 1;
  for (const Argument& argument : sample.arguments) elements = std::max(elements, argument.shape.numel());
  return elements;
}

// Large sizes, and the attributes that speak of them, halved together until no argument has more than
// `most_elements`.
Sample shrunk(const Sample& sample, bool keep_classes) {
  Sample result = sample;
  for (int64_t part = 2; largest_argument(result) > most_elements; part *= 2) {
    const auto smaller = [&](int64_t size) {
      return size % part != 0 || (keep_classes && size == classes) ? size : size / part;
    };
    for (std::size_t i = 0; i < sample.arguments.size(); ++i) {
      std::vector<int64_t> sizes;
      const Shape& shape = sample.arguments[i].shape;
      for (int axis = 0; axis < shape.rank(); ++axis)
        sizes.push_back(shape[axis] > large ? smaller(shape[axis]) : shape[axis]);
      result.arguments[i].shape = Shape(sizes);
    }
    for (auto& [name, value] : result.attributes) {
      const double whole = sample.attributes.at(name);
      value = whole >= large && whole == std::floor(whole)
                  ? static_cast<double>(smaller(static_cast<int64_t>(whole)))
                  : whole;
    }
  }
  return result;
}

std::string shapes_of(const Sample& sample) {
  std::string text;
  for (const Argument& argument : sample.arguments)
    text += concat_text(text.empty() ? "" : " ", argument.shape);
  return text;
}

// "void masktwins::kernels::cuda::(anonymous namespace)::relu_kernel<float>(...)" -> "relu_kernel<float>"
std::string short_name(std::string name) {
  name = emulator::demangled(name);
  for (const std::string gone : {"masktwins::kernels::", "(anonymous namespace)::", "cuda::", "void "})
    for (std::size_t at; (at = name.find(gone)) != std::string::npos;) name.erase(at, gone.size());
  int depth = 0;
  for (std::size_t i = 0; i < name.size(); ++i) {  // up to the parenthesis of the arguments
    depth += (name[i] == '<') - (name[i] == '>');
    if (name[i] == '(' && depth == 0) return name.substr(0, i);
  }
  return name;
}

KernelRow row_of(const emulator::KernelCounts& counts) {
  const emulator::Counter total = counts.total();
  return {short_name(counts.kernel),
          counts.launches,
          total.executed,
          total.global.requests,
          total.global.sectors,
          total.global.least_sectors,
          total.shared.wavefronts,
          total.shared.least_wavefronts};
}

// `row` with what `body` does. Least bytes are those that the row knows of the whole, or the profiler of its
// parts: a sample may call its op twice.
template <class Body>
OpRow counted(OpRow row, Body&& body) {
  kernels::cuda::synchronize();  // what was queued before is not counted
  emulator::take_counts();
  Profiler::start();
  body();
  kernels::cuda::synchronize();
  Profiler::stop();
  double parts = 0;
  for (const OpTotals& totals : Profiler::totals()) parts += totals.work.bytes;
  row.needed_bytes = std::max(row.needed_bytes, parts);
  for (const emulator::KernelCounts& counts : emulator::take_counts()) {
    row.kernels.push_back(row_of(counts));
    row.line_counts += emulator::describe(counts);
  }
  // The emulator orders by mangled names, which hold a hash of where the project lies.
  std::sort(row.kernels.begin(), row.kernels.end(), [](const KernelRow& a, const KernelRow& b) {
    return std::tie(a.kernel, a.instructions, a.sectors) < std::tie(b.kernel, b.instructions, b.sectors);
  });
  return row;
}

std::vector<OpRow> count(const OpDef& op, const Sample& sample, DType dtype) {
  Tensors inputs = make_inputs(sample, dtype, seed);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    inputs[i] = inputs[i].to(Device::cuda);
    if (op.has_gradient && differentiable(sample.arguments[i])) inputs[i].set_requires_grad();
  }
  const double needed_bytes = op.work(inputs, sample.attributes).bytes;
  OpRow row{op.name, "forward", name_of(dtype), shapes_of(sample), needed_bytes, largest_argument(sample),
            {},      ""};
  Tensors results;
  std::vector<OpRow> rows = {counted(row, [&] { results = run(op, inputs, sample.attributes); })};
  if (!op.has_gradient || !results[0].requires_grad()) return rows;
  row.phase = "backward";
  row.needed_bytes = 0;
  const Tensor gradient = Tensor::full(results[0].shape(), 1, results[0].dtype(), Device::cuda);
  rows.push_back(counted(row, [&] { backward(results[0], gradient); }));
  return rows;
}

// The smaller benchmark, in sizes that the op accepts.
Sample counted_sample(const OpDef& op) {
  for (const bool keep_classes : {false, true}) {
    const Sample sample = shrunk(op.benchmarks.front(), keep_classes);
    try {
      const NoGrad no_grad;
      run(op, make_inputs(sample, DType::float32, seed), sample.attributes);
      return sample;
    } catch (const Error&) {
    }
  }
  throw Error(op.name + ": its first benchmark cannot be made smaller by halving its large sizes");
}

bool stands_in_for_library(const OpRow& row) {
  return std::any_of(row.kernels.begin(), row.kernels.end(),
                     [](const KernelRow& kernel) { return kernel.kernel.starts_with("product_"); });
}

}  // namespace

double OpRow::moved_bytes() const {
  double bytes = 0;
  for (const KernelRow& kernel : kernels) bytes += 32.0 * static_cast<double>(kernel.sectors);
  return bytes;
}

double OpRow::moved_over_needed() const { return needed_bytes > 0 ? moved_bytes() / needed_bytes : 1; }

bool OpRow::needs_reason() const {
  const bool conflicts = std::any_of(kernels.begin(), kernels.end(), [](const KernelRow& kernel) {
    return kernel.wavefronts > kernel.least_wavefronts;
  });
  return conflicts || (needed_bytes >= least_bytes && moved_over_needed() > allowed_excess);
}

std::vector<OpRow> count_kernels(const OpDef& op) {
  const Sample sample = counted_sample(op);
  std::vector<OpRow> rows;
  const Libraries before = kernels::cuda::libraries();
  for (const DType dtype : {DType::float32, DType::bfloat16}) {
    if (std::find(op.cuda_dtypes.begin(), op.cuda_dtypes.end(), dtype) == op.cuda_dtypes.end()) continue;
    kernels::cuda::libraries() = Libraries::own;
    const std::vector<OpRow> own = count(op, sample, dtype);
    rows.insert(rows.end(), own.begin(), own.end());
    if (!std::any_of(own.begin(), own.end(), stands_in_for_library)) continue;
    kernels::cuda::libraries() = Libraries::vendor;
    for (OpRow& row : count(op, sample, dtype)) {
      row.phase += " beside a library";
      row.needed_bytes = 0;
      if (!row.kernels.empty()) rows.push_back(std::move(row));
    }
  }
  kernels::cuda::libraries() = before;
  return rows;
}

std::vector<OpRow> count_kernels() {
  std::vector<OpRow> rows;
  for (const auto& [name, op] : registered_ops())
    for (OpRow& row : count_kernels(op)) rows.push_back(std::move(row));
  return rows;
}

std::string compiler_version() { return MASKTWINS_NVCC_VERSION; }

}  // namespace masktwins::tests

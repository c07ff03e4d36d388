#include "tests/kernels/kernel_counts.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "kernels/common/cuda.h"
#include "kernels/emulator/emulator.h"
#include "tensor/autograd.h"
#include "tensor/profiler.h"
#include "tests/op_samples.h"

namespace masktwins::tests {
namespace {

constexpr int64_t largest_size = 64, largest_flat_size = 1 << 16;
constexpr double allowed_excess = 1.15;
// Below this much an op is a handful of numbers, and sectors of 32 bytes are mostly padding.
constexpr double least_bytes = 4096;

Sample shrunk(Sample sample) {
  for (Argument& argument : sample.arguments) {
    std::vector<int64_t> sizes;
    for (int axis = 0; axis < argument.shape.rank(); ++axis)
      sizes.push_back(
          std::min(argument.shape[axis], argument.shape.rank() == 1 ? largest_flat_size : largest_size));
    argument.shape = Shape(sizes);
  }
  for (auto& [name, value] : sample.attributes) value = std::min(value, static_cast<double>(largest_size));
  return sample;
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
  return name.substr(0, name.find('('));
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

OpRow take(const std::string& op, const std::string& phase, const std::string& shapes, int64_t elements) {
  OpRow row{op, phase, shapes, 0, elements, {}};
  for (const OpTotals& totals : Profiler::totals()) row.needed_bytes += totals.work.bytes;
  for (const emulator::KernelCounts& counts : emulator::take_counts()) row.kernels.push_back(row_of(counts));
  return row;
}

// Runs `body` with fresh counts.
template <class Body>
void counted(Body&& body) {
  kernels::cuda::synchronize();  // what was queued before is not counted
  emulator::take_counts();
  Profiler::start();
  body();
  kernels::cuda::synchronize();
  Profiler::stop();
}

std::vector<OpRow> count(const OpDef& op, const Sample& sample) {
  Tensors inputs = make_inputs(sample, DType::float32, seed);
  int64_t elements = 1;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    elements = std::max(elements, inputs[i].numel());
    inputs[i] = inputs[i].to(Device::cuda);
    if (op.has_gradient && differentiable(sample.arguments[i])) inputs[i].set_requires_grad();
  }
  Tensors results;
  counted([&] { results = run(op, inputs, sample.attributes); });
  std::vector<OpRow> rows = {take(op.name, "forward", shapes_of(sample), elements)};
  if (!op.has_gradient || !results[0].requires_grad()) return rows;
  const Tensor gradient = Tensor::full(results[0].shape(), 1, results[0].dtype(), Device::cuda);
  counted([&] { backward(results[0], gradient); });
  rows.push_back(take(op.name, "backward", shapes_of(sample), elements));
  return rows;
}

double ratio(double a, double b) { return b > 0 ? a / b : 1; }

}  // namespace

double OpRow::moved_bytes() const {
  double bytes = 0;
  for (const KernelRow& kernel : kernels) bytes += 32.0 * static_cast<double>(kernel.sectors);
  return bytes;
}

bool OpRow::needs_reason() const {
  const bool conflicts = std::any_of(kernels.begin(), kernels.end(), [](const KernelRow& kernel) {
    return kernel.wavefronts > kernel.least_wavefronts;
  });
  return conflicts || (needed_bytes >= least_bytes && moved_bytes() > allowed_excess * needed_bytes);
}

std::string OpRow::reason() const {
  const std::string start = "// CUDA: ";
  std::ifstream contract("kernels/" + op + ".h");
  for (std::string line; std::getline(contract, line);)
    if (line.starts_with(start)) return line.substr(start.size());
  return "";
}

std::vector<OpRow> count_kernels() {
  std::vector<OpRow> rows;
  for (const auto& [name, op] : registered_ops()) {
    // Ops whose sizes do not shrink together are counted on their first sample.
    for (const Sample& sample : {shrunk(op.benchmarks.front()), op.samples.front()}) {
      try {
        for (OpRow& row : count(op, sample)) rows.push_back(std::move(row));
        break;
      } catch (const Error&) {
        emulator::take_counts();
      }
    }
  }
  return rows;
}

std::string compiler_version() { return MASKTWINS_NVCC_VERSION; }

std::string to_json(const std::vector<OpRow>& rows) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const OpRow& row : rows)
    for (const KernelRow& kernel : row.kernels)
      json.push_back({{"op", row.op},
                      {"phase", row.phase},
                      {"kernel", kernel.kernel},
                      {"launches", kernel.launches},
                      {"instructions", kernel.instructions},
                      {"requests", kernel.requests},
                      {"sectors", kernel.sectors},
                      {"least_sectors", kernel.least_sectors},
                      {"wavefronts", kernel.wavefronts},
                      {"least_wavefronts", kernel.least_wavefronts}});
  std::string text = "[\n";
  for (std::size_t i = 0; i < json.size(); ++i) text += json[i].dump() + (i + 1 < json.size() ? ",\n" : "\n");
  return text + "]\n";
}

std::string to_markdown(const std::vector<OpRow>& rows) {
  std::string text =
      "# What the CUDA kernels move\n\n"
      "Written by `make kernels` from what the emulator counts (docs/emulator.md): every op in float32 on "
      "its first "
      "benchmark's inputs, sizes cut to 64. Exact, and compared by a test.\n\n"
      "*moved / needed*: bytes of all sectors over the least bytes of the op's contract. *sectors*: 32-byte "
      "sectors per "
      "request of global memory, and the least possible. *wavefronts*: of shared memory over the least "
      "possible, 1.00 "
      "is free of bank conflicts. *instructions*: of a warp, per 32 elements of the largest tensor. What "
      "moves more "
      "than 1.15 times the least, or has conflicts, says why in its contract, `kernels/<op>.h`.\n\n"
      "| op | inputs | moved / needed | kernel | launches | instructions | sectors | least | wavefronts | "
      "why |\n"
      "|---|---|---|---|---|---|---|---|---|---|\n";
  for (const OpRow& row : rows)
    for (std::size_t i = 0; i < row.kernels.size(); ++i) {
      const KernelRow& kernel = row.kernels[i];
      const auto d = [](int64_t n) { return static_cast<double>(n); };
      char numbers[160];
      std::snprintf(numbers, sizeof numbers, "%lld | %.2f | %.2f | %.2f | %.2f",
                    static_cast<long long>(kernel.launches), 32 * d(kernel.instructions) / d(row.elements),
                    ratio(d(kernel.sectors), d(kernel.requests)),
                    ratio(d(kernel.least_sectors), d(kernel.requests)),
                    ratio(d(kernel.wavefronts), d(kernel.least_wavefronts)));
      char moved[32];
      std::snprintf(moved, sizeof moved, "%.2f", ratio(row.moved_bytes(), row.needed_bytes));
      text += i == 0 ? concat_text("| ", row.op, ' ', row.phase, " | ", row.shapes, " | ", moved) : "| | |";
      text += concat_text(" | `", kernel.kernel, "` | ", numbers, " | ",
                          i == 0 && row.needs_reason() ? row.reason() : "", " |\n");
    }
  return text;
}

}  // namespace masktwins::tests

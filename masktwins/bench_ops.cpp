#include "masktwins/bench_ops.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>

#include "data/file.h"
#include "data/json_text.h"
#include "kernels/common/parallel.h"
#include "tensor/autograd.h"
#include "tensor/op.h"
#include "tensor/random.h"
#include "tensor/synchronize.h"

namespace masktwins {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double least_seconds = 0.2;  // per case
constexpr int least_runs = 3;

double best_seconds(Device device, const std::function<void()>& prepare, const std::function<void()>& body) {
  double best = 1e9, all = 0;
  for (int run = 0; run < least_runs || all < least_seconds; ++run) {
    prepare();
    synchronize(device);
    const auto begin = Clock::now();
    body();
    synchronize(device);
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    best = std::min(best, seconds);
    all += seconds;
  }
  return best;
}

struct Measurement {
  double forward = 0, backward = 0;  // seconds; backward 0 for ops without a gradient
  Work work;                         // of the forward pass
};

std::string shapes_of(const Sample& sample) {
  std::string text;
  for (const Argument& argument : sample.arguments)
    text += concat_text(text.empty() ? "" : " ", argument.shape);
  for (const auto& [name, value] : sample.attributes) text += concat_text(", ", name, " ", value);
  return text;
}

Measurement measure(const OpDef& op, const Sample& sample, Device device) {
  Tensors inputs = make_inputs(sample, DType::float32, 1);
  for (Tensor& input : inputs) input = input.to(device);
  Measurement result{0, 0, op.work(inputs, sample.attributes)};
  Tensors outputs;
  const auto forward = [&] {
    begin_random_step(1, 0);
    outputs = op.run(inputs, sample.attributes);
  };
  {
    const NoGrad no_grad;
    forward();
    result.forward = best_seconds(
        device, [] {}, forward);
  }
  if (!op.has_gradient) return result;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Argument& argument = sample.arguments[i];
    if (is_floating(argument.dtype) && argument.differentiable) inputs[i].set_requires_grad();
  }
  forward();
  const Tensor gradient = Tensor::full(outputs[0].shape(), 1, outputs[0].dtype(), outputs[0].device());
  const auto prepare = [&] {
    for (Tensor& input : inputs) input.set_grad({});
    forward();
  };
  result.backward = best_seconds(device, prepare, [&] { backward(outputs[0], gradient); });
  return result;
}

std::string roofline_share(const Measurement& m) {
  char text[16];
  std::snprintf(text, sizeof text, "%.0f %%", 100 * measured_roofline().least_seconds(m.work) / m.forward);
  return text;
}

void print(const OpDef& op, const Sample& sample, const Measurement& m) {
  std::printf("%-18s %9.3f %9.3f %8.1f %9.1f %9s  %s\n", op.name.c_str(), 1e3 * m.forward, 1e3 * m.backward,
              m.work.bytes / m.forward * 1e-9, m.work.flops / m.forward * 1e-9, roofline_share(m).c_str(),
              shapes_of(sample).c_str());
  std::fflush(stdout);
}

nlohmann::json to_json(const OpDef& op, const Sample& sample, const Measurement& m) {
  return {{"op", op.name},
          {"case", shapes_of(sample)},
          {"forward_s", m.forward},
          {"backward_s", m.backward},
          {"bytes", m.work.bytes},
          {"flops", m.work.flops},
          {"of_peak", measured_roofline().least_seconds(m.work) / m.forward}};
}

// A bar would end the cell.
std::string cell(const std::string& text) {
  std::string result;
  for (const char character : text) {
    if (character == '|') result += '\\';
    result += character;
  }
  return result;
}

std::string case_cells(const OpDef& op, const Sample& sample) {
  return concat_text("| ", op.name, " | `", cell(op.formula), "` | ", shapes_of(sample), " | ");
}

std::string markdown_row(const OpDef& op, const Sample& sample, const Measurement& m) {
  const std::string backward = m.backward > 0 ? concat_text(std::round(1e6 * m.backward) / 1e3) : "-";
  char numbers[160];
  std::snprintf(numbers, sizeof numbers, "%.3f | %s | %.1f | %.1f | %s", 1e3 * m.forward, backward.c_str(),
                m.work.bytes / m.forward * 1e-9, m.work.flops / m.forward * 1e-9, roofline_share(m).c_str());
  return concat_text(case_cells(op, sample), numbers, " |\n");
}

std::string markdown_head() {
  const Roofline& roofline = measured_roofline();
  char machine[160];
  std::snprintf(machine, sizeof machine, "%d threads; measured peak %.1f GFLOP/s, %.1f GB/s",
                kernels::thread_count(), roofline.flops_per_second * 1e-9, roofline.bytes_per_second * 1e-9);
  return concat_text(
      "# Ops\n\n"
      "Written by `masktwins bench ops --markdown docs/ops.md` from the declaration of every op "
      "(`tensor/ops/`), "
      "float32 on the CPU with ",
      machine,
      ".\n"
      "GB/s and GFLOP/s count the least bytes and operations that the op's contract names; the last column "
      "is the share of the time that they need at the measured peak. It passes 100 % where operands stay in "
      "the cache, and where Winograd's convolution needs fewer operations.\n\n"
      "| op | formula | case | forward ms | backward ms | GB/s | GFLOP/s | of peak |\n"
      "|---|---|---|---|---|---|---|---|\n");
}

}  // namespace

void bench_ops(const OpsBenchOptions& options) {
  std::map<std::string, OpDef> ops;
  for (const auto& [name, op] : registered_ops())
    if (name.find(options.only) != std::string::npos) ops.emplace(name, op);
  require(!ops.empty(), "bench ops: no op's name contains '", options.only, "'; docs/ops.md lists all");
  std::string rows;
  nlohmann::json measurements = nlohmann::json::array();
  std::printf("%-18s %9s %9s %8s %9s %9s  %s\n", "op", "ms", "backward", "GB/s", "GFLOP/s", "of peak",
              "case");
  for (const auto& [name, op] : ops)
    for (const Sample& sample : op.benchmarks) {
      const Measurement measurement = measure(op, sample, options.device);
      print(op, sample, measurement);
      rows += markdown_row(op, sample, measurement);
      measurements.push_back(to_json(op, sample, measurement));
    }
  if (!options.json.empty()) data::write_file(options.json, data::json_text(measurements));
  if (!options.markdown.empty()) data::write_file(options.markdown, markdown_head() + rows);
}

std::vector<std::string> op_table_cases() {
  std::vector<std::string> cases;
  for (const auto& [name, op] : registered_ops())
    for (const Sample& sample : op.benchmarks) cases.push_back(case_cells(op, sample));
  return cases;
}

}  // namespace masktwins

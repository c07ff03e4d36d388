// Do the tests of the ops notice when a kernel loses a barrier, a wait for a copy, or a guard like `if (i <
// n)`? Each is left out in turn, in the emulator, while the op's samples run as in ops_cuda_test.cpp. Of
// every kernel that has any, at least one must be noticed. Not all can be: a barrier at the end of a loop
// matters only in its second round, which small samples do not reach, and a guard may be redundant for all of
// them.
#include <doctest/doctest.h>

#ifdef MASKTWINS_CUDA_EMULATED

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>

#include "kernels/emulator/emulator.h"
#include "tests/cuda_device.h"
#include "tests/op_samples.h"

using namespace masktwins;
using namespace masktwins::tests;
using emulator::Mutation;

namespace {

constexpr std::size_t most_guards = 12;                    // tried per kernel
constexpr int64_t most_instructions = int64_t{5'000'000};  // per launch: a mutation may loop for ever

// Results and gradients of a sample in float32 on CUDA, on the CPU for comparison.
Tensors compute(const OpDef& op, const Sample& sample) {
  Tensors inputs = make_inputs(sample, DType::float32, seed);
  for (Tensor& input : inputs) input = input.to(Device::cuda);
  Tensors all = run(op, inputs, sample.attributes);
  if (op.has_gradient)
    for (const Tensor& gradient : gradients(op, sample, inputs, DType::float32))
      if (gradient.defined()) all.push_back(gradient);
  for (Tensor& tensor : all) tensor = tensor.to(Device::cpu);
  return all;
}

bool same_bits(const Tensors& a, const Tensors& b) {
  for (std::size_t i = 0; i < a.size(); ++i)
    if (std::memcmp(a[i].raw_data(), b[i].raw_data(), a[i].bytes()) != 0) return false;
  return true;
}

// By what the sample notices the mutation that is switched on; empty if it does not.
std::string noticed_by(const OpDef& op, const Sample& sample, const Tensors& right) {
  std::string what;
  try {
    if (!same_bits(compute(op, sample), right)) what = "wrong result";
  } catch (const std::exception&) {
    what = "error of a call";
  }
  const std::vector<emulator::Finding> findings = emulator::take_findings();
  if (!findings.empty()) what = emulator::name_of(findings[0].kind);
  if (!what.empty()) emulator::reset();  // a failed kernel leaves its error behind, as on a device
  return what;
}

// Kernels that the samples launch only where every guard and barrier is redundant: a gap of the samples.
bool known_gap(const std::string& kernel) {
  return kernel.find("product_v3_kernel") != std::string::npos ||
         kernel.find("copy_block_kernel<uint2>") != std::string::npos;
}

struct Case {
  const OpDef* op;
  const Sample* sample;
  Tensors right;
};

int64_t size_of(const Sample& sample) {
  int64_t elements = 0;
  for (const Argument& argument : sample.arguments) elements += argument.shape.numel();
  return elements;
}

// The cases that launch each kernel, by its mangled name; small ones first.
std::map<std::string, std::vector<Case>> cases_by_kernel() {
  std::map<std::string, std::vector<Case>> cases;
  for (const auto& [name, op] : registered_ops())
    for (const Sample& sample : op.samples) {
      emulator::take_counts();
      Tensors right;
      try {
        right = compute(op, sample);
      } catch (const Error&) {
        continue;  // no kernel for this op
      }
      for (const emulator::KernelCounts& counts : emulator::take_counts())
        cases[counts.kernel].push_back({&op, &sample, right});
    }
  for (auto& [kernel, of_kernel] : cases)
    std::stable_sort(of_kernel.begin(), of_kernel.end(),
                     [](const Case& a, const Case& b) { return size_of(*a.sample) < size_of(*b.sample); });
  return cases;
}

std::string noticed_by(const std::vector<Case>& cases, const Mutation& mutation) {
  emulator::options().mutation = mutation;
  std::string what;
  for (std::size_t i = 0; i < cases.size() && what.empty(); ++i)
    what = noticed_by(*cases[i].op, *cases[i].sample, cases[i].right);
  emulator::options().mutation.reset();
  return what;
}

}  // namespace

TEST_CASE("every kernel's tests notice a missing barrier, wait or guard") {
  const emulator::Options before = emulator::options();
  emulator::options().instruction_limit = most_instructions;
  emulator::options().traffic = false;
  const auto cases = cases_by_kernel();
  CHECK(!cases.empty());
  std::string table;
  for (const auto& [kernel, of_kernel] : cases) {
    std::size_t guards = 0, noticed = 0, noticed_guards = 0;
    const std::vector<Mutation> mutations = emulator::mutations_of(kernel);
    for (const Mutation& mutation : mutations) {
      const bool guard = mutation.kind == Mutation::Kind::guard;
      if (guard && (noticed_guards > 0 || guards == most_guards)) continue;
      const std::string what = noticed_by(of_kernel, mutation);
      guards += guard;
      noticed += !what.empty();
      noticed_guards += guard && !what.empty();
      table += concat_text(emulator::name_of(mutation.kind), " at ", mutation.place, " in ",
                           emulator::demangled(kernel), ": ", what.empty() ? "unnoticed" : what, "\n");
    }
    const std::string name = emulator::demangled(kernel);
    CHECK_MESSAGE((mutations.empty() || noticed > 0 || known_gap(name)), "nothing noticed in ", name);
  }
  if (std::getenv("MASKTWINS_SHOW_MUTATIONS")) std::fputs(table.c_str(), stdout);
  emulator::options() = before;
}

#endif

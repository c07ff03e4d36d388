// Do the tests of the ops notice when a kernel loses a barrier, a wait for a copy, or a guard like `if (i <
// n)`? Each is left out in turn, in the emulator, while the op's samples run as in ops_cuda_test.cpp. Of
// every kernel at least one of each kind that it has must be noticed. Not all can be: a barrier at the end of
// a loop matters only in its second round, which small samples do not reach, and a guard may be redundant for
// all of them.
#include <doctest/doctest.h>

#ifdef MASKTWINS_CUDA_EMULATED

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>

#include "kernels/emulator/emulator.h"
#include "kernels/vendor/libraries.h"
#include "tests/cuda_device.h"
#include "tests/op_samples.h"

using namespace masktwins;
using namespace masktwins::tests;
using emulator::Mutation;

namespace {

constexpr int most_guards = 24;                            // tried per kernel
constexpr int64_t most_instructions = int64_t{5'000'000};  // per launch: a mutation may loop for ever

using kernels::cuda::Libraries;

// One way in which the tests launch kernels: a sample in a dtype, with the libraries' matrix products or
// ours.
struct Case {
  const OpDef* op;
  const Sample* sample;
  DType dtype;
  Libraries libraries;
  Tensors right;  // what `compute` gives

  int64_t size() const {
    int64_t elements = 0;
    for (const Argument& argument : sample->arguments) elements += argument.shape.numel();
    return elements;
  }

  // Results and gradients on CUDA, on the CPU for comparison.
  Tensors compute() const {
    kernels::cuda::libraries() = libraries;
    Tensors inputs = make_inputs(*sample, dtype, seed);
    for (Tensor& input : inputs) input = input.to(Device::cuda);
    Tensors all = run(*op, inputs, sample->attributes);
    if (op->has_gradient)
      for (const Tensor& gradient : gradients(*op, *sample, inputs, dtype))
        if (gradient.defined()) all.push_back(gradient);
    for (Tensor& tensor : all) tensor = tensor.to(Device::cpu);
    return all;
  }
};

bool same_bits(const Tensors& a, const Tensors& b) {
  for (std::size_t i = 0; i < a.size(); ++i)
    if (std::memcmp(a[i].raw_data(), b[i].raw_data(), a[i].bytes()) != 0) return false;
  return true;
}

// By what the case notices the mutation that is switched on; empty if it does not.
std::string noticed_by(const Case& tried) {
  std::string what;
  try {
    if (!same_bits(tried.compute(), tried.right)) what = "wrong result";
  } catch (const std::exception&) {
    what = "error of a call";
  }
  const std::vector<emulator::Finding> findings = emulator::take_findings();
  if (!findings.empty()) what = emulator::name_of(findings[0].kind);
  if (!what.empty()) emulator::reset();  // a failed kernel leaves its error behind, as on a device
  return what;
}

// The cases that launch each kernel, by its mangled name; small ones first. float16 has bfloat16's kernels.
std::map<std::string, std::vector<Case>> cases_by_kernel() {
  std::vector<Case> all;
  for (const auto& [name, op] : registered_ops())
    for (const Sample& sample : op.samples)
      for (const DType dtype : op.cuda_dtypes)
        if (dtype != DType::float16)
          for (const Libraries libraries : {Libraries::vendor, Libraries::own})
            all.push_back({&op, &sample, dtype, libraries, {}});
  std::stable_sort(all.begin(), all.end(), [](const Case& a, const Case& b) { return a.size() < b.size(); });
  std::map<std::string, std::vector<Case>> cases;
  for (Case& launching : all) {
    emulator::take_counts();
    launching.right = launching.compute();
    for (const emulator::KernelCounts& counts : emulator::take_counts())
      cases[counts.kernel].push_back(launching);
  }
  return cases;
}

std::string noticed_by(const std::vector<Case>& cases, const Mutation& mutation) {
  emulator::options().mutation = mutation;
  std::string what;
  for (std::size_t i = 0; i < cases.size() && what.empty(); ++i) what = noticed_by(cases[i]);
  emulator::options().mutation.reset();
  return what;
}

}  // namespace

TEST_CASE("every kernel's tests notice a missing barrier, wait or guard") {
  const emulator::Options before = emulator::options();
  const Libraries libraries_before = kernels::cuda::libraries();
  emulator::options().instruction_limit = most_instructions;
  emulator::options().traffic = false;
  const auto cases = cases_by_kernel();
  CHECK(!cases.empty());
  std::string table;
  for (const auto& [kernel, of_kernel] : cases) {
    std::map<Mutation::Kind, int> tried, noticed;
    for (const Mutation& mutation : emulator::mutations_of(kernel)) {
      const bool guard = mutation.kind == Mutation::Kind::guard;
      if (noticed[mutation.kind] > 0 || (guard && tried[mutation.kind] == most_guards)) continue;
      const std::string what = noticed_by(of_kernel, mutation);
      ++tried[mutation.kind];
      noticed[mutation.kind] += !what.empty();
      table += concat_text(emulator::name_of(mutation.kind), " at ", mutation.place, " in ",
                           emulator::demangled(kernel), ": ", what.empty() ? "unnoticed" : what, "\n");
    }
    const std::string name = emulator::demangled(kernel);
    for (const auto& [kind, count] : tried)
      CHECK_MESSAGE(noticed[kind] > 0, concat_text("none of ", count, ' ', emulator::name_of(kind),
                                                   "s left out is noticed in ", name));
  }
  if (std::getenv("MASKTWINS_SHOW_MUTATIONS")) std::fputs(table.c_str(), stdout);
  emulator::options() = before;
  kernels::cuda::libraries() = libraries_before;
}

#endif

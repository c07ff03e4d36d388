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

constexpr int64_t most_instructions = int64_t{5'000'000};  // per launch: a mutation may loop for ever

using kernels::cuda::Libraries;

// One way in which the tests launch kernels: a sample in a dtype, with the libraries' matrix products or
// ours.
struct Case {
  const OpDef* op;
  const Sample* sample;
  DType dtype;
  Libraries libraries;
  Tensors right;             // what `compute` gives
  int64_t instructions = 0;  // that the kernels of `compute` execute

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

// The cases that launch each kernel, by its mangled name; cheap ones first. float16 has bfloat16's kernels.
std::map<std::string, std::vector<Case>> cases_by_kernel() {
  std::map<std::string, std::vector<Case>> cases;
  const auto add_cases = [&](const OpDef& op, const Sample& sample, DType dtype) {
    std::map<std::string, int64_t> with_vendor;
    for (const Libraries libraries : {Libraries::vendor, Libraries::own}) {
      emulator::take_counts();
      Case launching{&op, &sample, dtype, libraries, {}};
      launching.right = launching.compute();
      std::map<std::string, int64_t> kernels;  // launched, with the instructions they executed
      for (const emulator::KernelCounts& counts : emulator::take_counts())
        launching.instructions += kernels[counts.kernel] = counts.total().executed;
      if (kernels == with_vendor) return;  // the op has no use for the libraries
      for (const auto& [kernel, executed] : kernels) cases[kernel].push_back(launching);
      with_vendor = kernels;
    }
  };
  for (const auto& [name, op] : registered_ops())
    for (const Sample& sample : op.samples)
      for (const DType dtype : op.cuda_dtypes)
        if (dtype != DType::float16) add_cases(op, sample, dtype);
  for (auto& [kernel, of_kernel] : cases)
    std::stable_sort(of_kernel.begin(), of_kernel.end(),
                     [](const Case& a, const Case& b) { return a.instructions < b.instructions; });
  return cases;
}

// The first of the mutations that is noticed, and by what; empty if none is. A case tries all of them before
// the next, dearer one does: most kernels never need their large samples.
std::string first_noticed(const std::vector<Case>& cases, const std::vector<Mutation>& mutations) {
  for (const Case& tried : cases)
    for (const Mutation& mutation : mutations) {
      emulator::options().mutation = mutation;
      const std::string what = noticed_by(tried);
      emulator::options().mutation.reset();
      if (!what.empty()) return concat_text(mutation.place, ": ", what);
    }
  return {};
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
    std::map<Mutation::Kind, std::vector<Mutation>> by_kind;
    for (const Mutation& mutation : emulator::mutations_of(kernel))
      by_kind[mutation.kind].push_back(mutation);
    for (const auto& [kind, mutations] : by_kind) {
      const std::string what = first_noticed(of_kernel, mutations);
      const std::string of_what = concat_text(emulator::name_of(kind), "s in ", emulator::demangled(kernel));
      CHECK_MESSAGE(!what.empty(), concat_text("left out unnoticed: all ", mutations.size(), ' ', of_what));
      table += concat_text("1 of ", mutations.size(), ' ', of_what, ", at ", what, "\n");
    }
  }
  if (std::getenv("MASKTWINS_SHOW_MUTATIONS")) std::fputs(table.c_str(), stdout);
  emulator::options() = before;
  kernels::cuda::libraries() = libraries_before;
}

#endif

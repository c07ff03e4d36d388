// Ranges reach a tool that listens: this file is one, linked in as NVTX allows ("static injection").
#if __has_include(<nvtx3/nvToolsExt.h>)
#include "kernels/common/range.h"

#include <doctest/doctest.h>
#include <nvtx3/nvToolsExt.h>

#include <functional>
#include <string>
#include <vector>

#include "tensor/autograd.h"
#include "tensor/ops/add.h"
#include "tensor/ops/relu.h"
#include "tensor/ops/sum.h"
#include "tests/cuda_device.h"

namespace {

thread_local std::vector<std::string>* seen = nullptr;  // "name" where a range begins, "end" where one ends

int note(const char* what) {
  if (seen) seen->emplace_back(what);
  return 0;
}
int note_begin(const char* name) { return note(name); }
int note_end() { return note("end"); }

int listen(NvtxGetExportTableFunc_t tables) {
  const auto* callbacks = static_cast<const NvtxExportTableCallbacks*>(tables(NVTX_ETID_CALLBACKS));
  NvtxFunctionTable functions = nullptr;
  unsigned size = 0;
  if (callbacks->GetModuleFunctionTable(NVTX_CB_MODULE_CORE, &functions, &size) == 0) return 0;
  *functions[NVTX_CBID_CORE_RangePushA] = reinterpret_cast<NvtxFunctionPointer>(note_begin);
  *functions[NVTX_CBID_CORE_RangePop] = reinterpret_cast<NvtxFunctionPointer>(note_end);
  return 1;
}

// Before main, because NVTX looks once, at its first range.
const bool linked_in = (InitializeInjectionNvtx2_fnptr = listen, true);

}  // namespace

using namespace masktwins;

namespace {

// What the tool sees of this thread meanwhile.
std::vector<std::string> ranges_of(const std::function<void()>& work) {
  REQUIRE(linked_in);
  std::vector<std::string> names;
  seen = &names;
  work();
  seen = nullptr;
  return names;
}

}  // namespace

TEST_CASE("ranges nest as their scopes do") {
  using kernels::Range;
  const auto seen = ranges_of([] {
    const Range step("step");
    { const Range source("source"); }
    const Range optimiser("optimiser");
  });
  CHECK(seen == std::vector<std::string>{"step", "source", "end", "optimiser", "end", "end"});
}

TEST_CASE("every op is a range, forward and backward") {
  const tests::CudaDevice device;
  for (const Device on : {Device::cpu, Device::cuda}) {
    Tensor x = Tensor::full({3}, 1, DType::float32, on);
    x.set_requires_grad();
    Tensor y;
    CHECK(ranges_of([&] { y = sum(add(relu(x), x)); }) ==
          std::vector<std::string>{"relu", "end", "add", "end", "sum", "end"});
    const Tensor gradient = Tensor::full({}, 1, DType::float32, on);
    CHECK(ranges_of([&] { backward(y, gradient); }) ==
          std::vector<std::string>{"sum_backward", "end", "relu_backward", "end", "add_gradients", "end"});
  }
}
#endif

// Ranges reach a tool that listens: this file is one, linked in as NVTX allows ("static injection").
#if __has_include(<nvtx3/nvToolsExt.h>)
#include "kernels/common/range.h"

#include <doctest/doctest.h>
#include <nvtx3/nvToolsExt.h>

#include <string>
#include <vector>

namespace {

std::vector<std::string> seen;  // "name" where a range begins, "end" where one ends

int note_begin(const char* name) {
  seen.emplace_back(name);
  return 0;
}
int note_end() {
  seen.emplace_back("end");
  return 0;
}

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

TEST_CASE("ranges nest as their scopes do") {
  using masktwins::kernels::Range;
  REQUIRE(linked_in);
  seen.clear();
  {
    const Range step("step");
    { const Range source("source"); }
    const Range optimiser("optimiser");
  }
  CHECK(seen == std::vector<std::string>{"step", "source", "end", "optimiser", "end", "end"});
}
#endif

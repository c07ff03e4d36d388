// When the program ends: outstanding work is run, findings go to standard error, and the exit status tells of
// them. MASKTWINS_EMULATOR_REPORT=1 prints the counts of every kernel as well.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "kernels/emulator/emulator.h"
#include "kernels/emulator/runtime/device.h"
#include "kernels/emulator/runtime/queue.h"

namespace masktwins::emulator {
namespace {

void report(int status, void*) {
  Queue::instance().finish_everything();
  const char* wanted = std::getenv("MASKTWINS_EMULATOR_REPORT");
  if (wanted != nullptr && std::string_view(wanted) != "0")
    for (const KernelCounts& counts : take_counts()) std::fputs(describe(counts).c_str(), stdout);
  std::fflush(nullptr);
  const std::vector<Finding> findings = take_findings();
  if (findings.empty()) return;
  std::fprintf(stderr, "%semulated CUDA device: %zu finding%s\n", describe(findings).c_str(), findings.size(),
               findings.size() == 1 ? "" : "s");
  if (status == EXIT_SUCCESS) _exit(EXIT_FAILURE);
}

}  // namespace

void prepare_report_at_exit() {
  static const bool prepared = on_exit(report, nullptr) == 0;
  static_cast<void>(prepared);
}

void reset() {
  cudaDeviceReset();
  take_findings();
  take_counts();
}

}  // namespace masktwins::emulator

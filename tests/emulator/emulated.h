// Puts the emulated device into a known state for one test case, and looks at what it found.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "kernels/emulator/emulator.h"

namespace masktwins::tests {

// Options hold until the end of the scope; findings left over by then fail the test.
class EmulatedDevice {
 public:
  explicit EmulatedDevice(uint64_t seed = 0) : before_(emulator::options()) {
    emulator::reset();
    emulator::options().threads = 2;
    emulator::options().seed = seed;
  }
  ~EmulatedDevice() {
    const std::string left = emulator::describe(emulator::take_findings());
    CHECK_MESSAGE(left.empty(), left);
    emulator::reset();
    emulator::options() = before_;
  }

 private:
  emulator::Options before_;
};

// The kinds of everything found since the last call, each once.
inline std::vector<emulator::FindingKind> kinds_found() {
  std::vector<emulator::FindingKind> kinds;
  for (const emulator::Finding& finding : emulator::take_findings())
    if (std::find(kinds.begin(), kinds.end(), finding.kind) == kinds.end()) kinds.push_back(finding.kind);
  std::sort(kinds.begin(), kinds.end());
  return kinds;
}

}  // namespace masktwins::tests

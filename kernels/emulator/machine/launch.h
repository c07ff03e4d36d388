// Running one kernel launch: blocks are spread over operating-system threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/emulator/emulator.h"
#include "kernels/emulator/program/module.h"

namespace masktwins::emulator {

struct Dim {
  unsigned x = 1, y = 1, z = 1;
  int64_t count() const { return int64_t{x} * y * z; }
};

struct Launch {
  const Module& module;
  const Function& kernel;
  Dim grid, block;
  std::vector<std::byte> parameters;  // laid out as Function::parameters says
  int64_t dynamic_shared = 0;         // bytes
  Options options;
  uint64_t grid_workspace = 0;  // device memory where the blocks of a cooperative launch meet; else 0

  int64_t shared_bytes() const { return (kernel.shared_bytes + 15) / 16 * 16 + dynamic_shared; }
  int warps() const { return static_cast<int>((block.count() + 31) / 32); }
};

// Runs every block to its end and returns what was seen. A kernel that exceeds the instruction limit or can
// never finish is abandoned with a finding.
Observations run(const Launch& launch);

}  // namespace masktwins::emulator

// Defects of a kernel that the emulator has seen while running it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace masktwins::emulator {

enum class FindingKind : uint8_t {
  shared_race,
  out_of_bounds,
  uninitialised_shared,
  misaligned,
  barrier_divergence,
  warp_mask,
  async_copy,
  pointer_confusion,
  assertion,
  trap,
  deadlock,
  stack_overflow,
};

const char* name_of(FindingKind kind);

// "_Z5saxpyfPf" -> "saxpy(float, float*)"
std::string demangled(const std::string& name);

struct Finding {
  FindingKind kind = FindingKind::trap;
  std::string kernel;
  std::string place;  // "kernel.cu:12", empty for a host call
  std::string file;
  int line = 0;
  std::string instruction;  // "ld.shared.f32", or the host call
  std::string detail;       // of the first occurrence in the order of blocks
  int64_t count = 0;        // occurrences

  // "shared race at kernel.cu:12 in transpose (ld.shared.f32), 64 times: thread 3 reads ..."
  std::string text() const;
};

}  // namespace masktwins::emulator

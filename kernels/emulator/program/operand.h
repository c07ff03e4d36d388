// Where an instruction's operands lie. A register is 32 lanes side by side in the frame of its function;
// constants and special registers live there too, so every operand is one offset.
#pragma once

#include <cstdint>

#include "kernels/emulator/ptx/syntax.h"

namespace masktwins::emulator {

using ptx::Space;

// Lanes of T, sizeof(T) apart, at `offset` bytes into the frame.
template <class T>
struct Source {
  uint32_t offset = 0;
};
template <class T>
struct Destination {
  uint32_t offset = 0;
};

// A predicate register holds 0 or -1 in 32 bits per lane.
struct PredicateSource {
  uint32_t offset = 0;
  bool negated = false;
};
using PredicateDestination = Destination<int32_t>;

// ld, st and cvt may use a register that is wider than the type they name.
struct Register {
  uint32_t offset = 0;
  int width = 4;  // bytes between lanes
};

// [base + offset]: `base` is a register of 4 or 8 bytes per lane.
struct Address {
  Register base;
  int64_t offset = 0;
};

}  // namespace masktwins::emulator

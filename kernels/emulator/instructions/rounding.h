// Runs an action under one of the processor's own rounding modes.
#pragma once

#include "kernels/emulator/instructions/half_numbers.h"
#include "kernels/emulator/program/function.h"

namespace masktwins::emulator {

// .rn, .rz, .rm, .rp; nearest_even if none is named.
Rounding rounding_modifier(class Decoder& decode);

// The action itself for nearest_even. Otherwise one that sets the mode, calls it and restores: the call
// through std::function keeps the compiler from moving arithmetic out of the bracket.
Action under_rounding(Rounding rounding, Action action);

}  // namespace masktwins::emulator

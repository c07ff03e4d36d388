// Extended-precision arithmetic: instructions that hand a carry from one to the next (PTX ISA, "Extended-
// Precision Integer Arithmetic Instructions"). The carry is a register of its own in the frame.
#pragma once

#include "kernels/emulator/instructions/rules.h"

namespace masktwins::emulator {

// add, sub and mad with .cc start a chain; addc, subc and madc continue it. `continues`: adds the carry.
Form add_in_chain(Decoder& decode, bool continues);
Form subtract_in_chain(Decoder& decode, bool continues);
Form multiply_add_in_chain(Decoder& decode, bool continues);

}  // namespace masktwins::emulator

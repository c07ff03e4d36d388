// PTX text to syntax (PTX ISA 9.0, "Syntax" and "Directives").
#pragma once

#include <string_view>

#include "kernels/emulator/ptx/syntax.h"

namespace masktwins::emulator::ptx {

// Throws Error with the line of the text for anything it does not know.
Module parse(std::string_view text);

}  // namespace masktwins::emulator::ptx

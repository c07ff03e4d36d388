// mma of whole numbers, which matrix.cpp hands on by the type of the result.
#pragma once

#include "kernels/emulator/instructions/rules.h"

namespace masktwins::emulator {

Form multiply_integer_matrices(Decoder& decode);

}  // namespace masktwins::emulator

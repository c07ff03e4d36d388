// Where divergent lanes meet again: at the immediate post-dominator of the branch, the first instruction that
// every path from it to the end of the function passes.
#pragma once

#include <vector>

#include "kernels/emulator/program/function.h"

namespace masktwins::emulator {

// Fills in Branch::reconvergence for every branch of the code.
void find_reconvergence_points(std::vector<Instruction>& code);

}  // namespace masktwins::emulator

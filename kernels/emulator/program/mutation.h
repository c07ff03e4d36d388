// Deliberate mistakes: a kernel with one barrier, wait or guard missing, to see whether tests notice
// (emulator::Options::mutation).
#pragma once

#include <vector>

#include "kernels/emulator/emulator.h"
#include "kernels/emulator/program/module.h"

namespace masktwins::emulator {

// Every instruction of the kernel that can be left out.
std::vector<Mutation> mutations_of(const Module& module, const Function& kernel);

// The kernel without it.
Function mutated(const Function& kernel, const Mutation& mutation);

}  // namespace masktwins::emulator

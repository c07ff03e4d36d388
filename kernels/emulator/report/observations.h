// Collects what launches saw until a test or the report at the end of the program takes it.
#pragma once

#include "kernels/emulator/emulator.h"
#include "kernels/emulator/machine/launch.h"

namespace masktwins::emulator {

void record(const Launch& launch, const Observations& observations);

}  // namespace masktwins::emulator

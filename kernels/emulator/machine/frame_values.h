// The special registers of PTX, as values per lane.
#pragma once

#include <cstdint>

#include "kernels/emulator/program/function.h"

namespace masktwins::emulator {

int64_t frame_value(FrameValue::Kind kind, const Warp& warp, int lane);

}  // namespace masktwins::emulator

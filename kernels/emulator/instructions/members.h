// The lane masks that .sync instructions name.
#pragma once

#include "kernels/emulator/machine/warp.h"

namespace masktwins::emulator {

// Every live lane named in an active lane's mask must be here as well, and the lane itself must be named.
void check_members(Warp& warp, Source<uint32_t> members);

// Instructions without a mask (.aligned) need every live lane of a full warp.
void check_whole_warp(Warp& warp, const char* instruction);

}  // namespace masktwins::emulator

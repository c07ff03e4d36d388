// How much one warp instruction moves, by the published rules of the memory system.
#pragma once

#include <array>
#include <cstdint>

#include "kernels/emulator/emulator.h"
#include "kernels/emulator/machine/lanes.h"

namespace masktwins::emulator {

using LaneAddresses = std::array<uint64_t, warp_size>;

// Global memory: distinct 32-byte sectors touched by `bytes` at each lane's address (CUDA C++ Best Practices
// Guide, "Coalesced Access to Global Memory").
Traffic global_traffic(const LaneAddresses& addresses, int bytes, Mask lanes);

// Shared memory: 32 banks of 4 bytes. Lanes that read the same word share it. A warp is served as a whole for
// accesses up to 4 bytes, in halves for 8 and in quarters for 16 bytes.
Traffic shared_traffic(const LaneAddresses& addresses, int bytes, Mask lanes);

}  // namespace masktwins::emulator

// Turns the address a lane uses into bytes, and finds what is wrong with it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "kernels/emulator/machine/lanes.h"
#include "kernels/emulator/memory/async_copies.h"
#include "kernels/emulator/program/operand.h"

namespace masktwins::emulator {

class Warp;

enum class Use : uint8_t { read, write, atomic };

// Generic addresses reach shared memory, local memory and kernel parameters through windows that no pointer
// of this process falls into.
constexpr uint64_t shared_window = uint64_t{1} << 42;
constexpr uint64_t local_window = uint64_t{1} << 43;
constexpr uint64_t parameter_window = uint64_t{1} << 44;
constexpr uint64_t window_bytes = uint64_t{1} << 32;

// A place in memory, with generic addresses resolved to the space they point into.
struct Location {
  Space space = Space::global;
  uint64_t address = 0;
};
Location resolve(Space space, uint64_t address);

// The bytes behind a lane's address, or null after the reason has been reported. Reads and writes of shared
// memory are checked for races on the way.
std::byte* locate(Warp& warp, Location location, int bytes, int lane, Use use);

// cp.async. The start checks everything and says whether the copy can be made; only then may it be finished.
bool begin_copy(Warp& warp, const AsyncCopy& copy, int lane);
void finish_copy(Warp& warp, const AsyncCopy& copy, int lane);

// Counts one warp instruction's traffic (report/counters.h says how).
void count_traffic(Warp& warp, Space space, const std::array<uint64_t, warp_size>& addresses, int bytes,
                   Mask lanes);

}  // namespace masktwins::emulator

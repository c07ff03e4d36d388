// Barriers that lie in shared memory (PTX ISA, "mbarrier"): threads arrive at one, and ask later whether
// everybody has. Its 8 bytes hold its state, so that a kernel which overwrites them breaks it as on the
// device.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "kernels/emulator/machine/warp.h"
#include "kernels/emulator/memory/access.h"

namespace masktwins::emulator {

struct MemoryBarrier {
  uint32_t phase = 0;     // counts completed phases
  uint32_t expected = 0;  // arrivals per phase
  uint32_t pending = 0;   // arrivals that the current phase still waits for

  static constexpr uint32_t largest_count = (1 << 20) - 1;
  uint64_t bits() const;
  static std::optional<MemoryBarrier> from(uint64_t bits);  // nothing if these are not the bytes of a barrier
};

// All barriers of a block. Every call is one lane's and reports what is wrong with it.
class MemoryBarriers {
 public:
  void clear() { copies_.clear(); }

  void init(Warp& warp, int lane, Location where, uint32_t count);
  void invalidate(Warp& warp, int lane, Location where);
  // Returns the state before. `leaves`: the next phases expect that many arrivals less.
  uint64_t arrive(Warp& warp, int lane, Location where, uint32_t count, bool leaves);
  // An arrival once the lane's earlier cp.async have come, on top of the expected ones if `extra`. They come
  // when somebody asks for the phase, and not earlier.
  void arrive_after_copies(Warp& warp, int lane, Location where, bool extra);
  // Is the phase of `state`, or the latest one of this parity, complete?
  bool test(Warp& warp, int lane, Location where, uint64_t state);
  bool test_parity(Warp& warp, int lane, Location where, uint32_t parity);

 private:
  struct Copies {
    Warp* warp;
    int lane;
    std::vector<AsyncCopy> copies;
  };

  void count_down(Warp& warp, int lane, uint64_t offset, MemoryBarrier& barrier, uint32_t count);
  template <class Complete>
  bool ask(Warp& warp, int lane, Location where, Complete&& complete);

  std::map<uint64_t, std::vector<Copies>> copies_;  // offset of the barrier they arrive at
};

}  // namespace masktwins::emulator

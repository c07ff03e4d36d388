// The 16 barriers of a block (PTX ISA, "bar, barrier"). Whole warps arrive, as on the device.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "kernels/emulator/machine/warp.h"

namespace masktwins::emulator {

class Barriers {
 public:
  void clear() { barriers_ = {}; }

  // The warp has stopped at warp.barrier(). Returns the warps that may go on: itself if it need not wait,
  // everyone who waited if it was the last to come.
  std::vector<Warp*> arrive(Warp& warp);

  // Nobody can run any more: reports why, and returns the warps to release; empty if this is a deadlock.
  std::vector<Warp*> resolve_stall(Block& block);

 private:
  struct Arrival {
    Warp* warp;
    bool waits;  // bar.arrive does not
    int site;
  };
  struct State {
    std::vector<Arrival> arrived;  // in order
    bool counted = false;
    int expected = 0;  // threads
  };
  std::vector<Warp*> complete(State& state);

  std::array<State, 16> barriers_;
};

}  // namespace masktwins::emulator

// One thread block: its warps, its shared memory and its barriers. The object is reused for the next block.
#pragma once

#include <array>
#include <cstddef>
#include <deque>
#include <random>
#include <vector>

#include "kernels/emulator/machine/barriers.h"
#include "kernels/emulator/machine/launch.h"
#include "kernels/emulator/machine/memory_barriers.h"
#include "kernels/emulator/machine/warp.h"
#include "kernels/emulator/memory/device_memory.h"
#include "kernels/emulator/memory/shared_shadow.h"

namespace masktwins::emulator {

// Thrown when the launch cannot go on; the reason has been reported.
struct Abandoned {};

class Block {
 public:
  Block(const Launch& launch, Observations& observations);

  // Runs one block of the grid; `spend(n)` is told how many instructions were executed and throws Abandoned
  // when the launch has used up its limit.
  template <class Spend>
  void run(int64_t number, Spend&& spend);

  const Launch& launch() const { return launch_; }
  Dim index() const { return index_; }
  int64_t number() const { return number_; }
  std::vector<std::byte>& shared() { return shared_; }
  SharedShadow& shadow() { return shadow_; }
  MemoryBarriers& memory_barriers() { return memory_barriers_; }
  bool checks() const { return launch_.options.checks; }
  Counter& counter(int site) { return observations_.counters[static_cast<std::size_t>(site)]; }
  const Allocation*& last_allocation() { return last_allocation_; }

  void report(FindingKind kind, int site, const std::string& detail);
  std::string name_thread(int thread) const;  // "thread (3,0,0) of block (1,0,0)"

 private:
  void start(int64_t number);
  Warp* next_warp();
  void handle_stop(Warp& warp, Warp::Stop stop);
  int64_t time_slice();

  const Launch& launch_;
  Observations& observations_;
  Dim index_;
  int64_t number_ = 0;
  std::deque<Warp> warps_;
  std::vector<bool> ready_;
  std::size_t turn_ = 0;
  std::vector<std::byte> shared_;
  SharedShadow shadow_;
  Barriers barriers_;
  MemoryBarriers memory_barriers_;
  int64_t polls_in_vain_ = 0;  // since anything else has happened
  std::mt19937_64 random_;
  const Allocation* last_allocation_ = nullptr;  // most accesses go to the same one again
};

template <class Spend>
void Block::run(int64_t number, Spend&& spend) {
  start(number);
  while (Warp* warp = next_warp()) {
    const int64_t slice = time_slice();
    int64_t left = slice;
    const Warp::Stop stop = warp->run(left);
    spend(slice - left);
    handle_stop(*warp, stop);
  }
}

}  // namespace masktwins::emulator

// One warp: 32 lanes that share an instruction pointer, their registers, and where they diverged.
#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "kernels/emulator/machine/lanes.h"
#include "kernels/emulator/memory/async_copies.h"
#include "kernels/emulator/program/function.h"
#include "kernels/emulator/report/finding.h"

namespace masktwins::emulator {

class Block;

class Warp {
 public:
  Warp(Block& block, int index, Mask threads);

  // Starts the block's kernel from its first instruction.
  void start(const Function& kernel);

  enum class Stop { finished, barrier, time_slice, gave_way };
  // Runs until `budget` warp instructions are used up, and counts it down.
  Stop run(int64_t& budget);

  Block& block() const { return block_; }
  int index() const { return index_; }
  int thread(int lane) const { return index_ * warp_size + lane; }
  Mask threads() const { return threads_; }             // lanes that exist
  Mask live() const { return live_; }                   // lanes that have not exited
  Mask active() const { return active_; }               // lanes that execute the current instruction
  int site() const { return site_; }                    // of the current instruction
  const Barrier& barrier() const { return *barrier_; }  // after Stop::barrier
  int64_t local_base() const { return frames_.back().local_base; }
  std::vector<std::byte>& local(int lane) { return local_[static_cast<std::size_t>(lane)]; }
  AsyncCopies& async_copies() { return async_copies_; }

  // Reading and writing registers. Lanes that are not active keep their value.
  template <class T>
  const T* lanes(Source<T> source) const {
    return reinterpret_cast<const T*>(registers_ + source.offset);
  }
  template <class T, class Value>
  void write(Destination<T> destination, Value&& value);  // value(lane)
  template <class T>
  T* raw_lanes(Destination<T> destination) const {
    return reinterpret_cast<T*>(registers_ + destination.offset);
  }
  std::byte* lane(Register location, int lane) const {
    return registers_ + location.offset + static_cast<std::ptrdiff_t>(location.width) * lane;
  }
  Mask mask(PredicateSource predicate) const;  // lanes where it holds, active or not
  std::array<uint64_t, warp_size> addresses(const Address& address) const;

  // The current instruction has found that the lanes must wait for others: those run first, of this warp (as
  // far as they are on another path of the same branch) and of the block.
  void give_way();

  // Locks: atom.cas and atom.exch tell what they change, and what all active lanes find when they change
  // nothing. Lanes that keep finding a value of their own warp wait for a lane that has the lock, and waits
  // for them where the paths meet: that lane goes on alone, as on devices since compute capability 7.0.
  void note_change(uint64_t address, uint64_t value);
  void note_vain_try(uint64_t address, uint64_t value);

  // Ends these lanes, as exit does.
  void exit(Mask lanes);

  // Reports a defect at the current instruction.
  void report(FindingKind kind, int lane, const std::string& detail);

 private:
  struct Path {  // lanes that run together from pc until they reach `reconvergence`
    int pc, reconvergence;
    Mask lanes;
  };
  struct Frame {
    const Function* function;
    std::vector<Path> paths;  // the last one runs
    std::size_t register_base;
    int64_t local_base;
    const Call* call = nullptr;  // what the caller called; null in a kernel's own frame
  };

  bool let_other_paths_run();
  void detach_waiting_lanes();
  void push_frame(const Function& function, Mask lanes);
  void pop_frame();
  void fill_frame_values(const Function& function);
  void activate(Mask lanes);
  void step_branch(const Branch& branch, Path& path, Mask taken);
  void step_call(const Call& call, Mask lanes);
  // The function that a pointer means; null if its lanes disagree, and then go their own ways until it
  // returns.
  const Function* callee_of(const Call& call, Mask lanes);
  void step_return(Mask lanes);

  Block& block_;
  int index_;
  Mask threads_;
  Mask live_ = 0;
  Mask active_ = 0;
  bool all_active_ = false;
  alignas(64) std::array<int32_t, warp_size> active_lane_{};  // -1 where active, for blending
  std::byte* registers_ = nullptr;                            // of the running frame
  int site_ = 0;
  bool gives_way_ = false, pauses_ = false;
  std::map<uint64_t, uint64_t> changes_;  // by this warp: address -> the latest value
  int vain_tries_ = 0;                    // since the latest change
  const Barrier* barrier_ = nullptr;
  std::vector<Frame> frames_;
  struct alignas(64) Line {
    std::array<std::byte, 64> bytes;
  };
  std::vector<Line> register_stack_;
  std::array<std::vector<std::byte>, warp_size> local_;
  AsyncCopies async_copies_;
};

template <class T, class Value>
void Warp::write(Destination<T> destination, Value&& value) {
  alignas(64) T result[warp_size];
  for (int lane = 0; lane < warp_size; ++lane) result[lane] = value(lane);
  T* out = raw_lanes(destination);
  if (all_active_) {
    std::memcpy(out, result, sizeof result);
  } else {
    for (int lane = 0; lane < warp_size; ++lane)
      out[lane] = active_lane_[static_cast<std::size_t>(lane)] != 0 ? result[lane] : out[lane];
  }
}

}  // namespace masktwins::emulator

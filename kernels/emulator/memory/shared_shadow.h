// What happened to every byte of a block's shared memory, and whether two accesses are ordered.
//
// Order is tracked with vector clocks (Flanagan and Freund, "FastTrack", PLDI 2009) on two levels, as CUDA
// has two ways to order threads. Warps: each has a clock per warp of the block, joined at block barriers.
// Lanes of one warp: each has a clock per lane, joined at bar.warp.sync. An access by (warp u, lane l) comes
// before one by (w, m) if w has since learnt of u's clock, or u = w and m has since learnt of l's.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kernels/emulator/machine/lanes.h"
#include "kernels/emulator/report/finding.h"

namespace masktwins::emulator {

struct Hazard {
  FindingKind kind;
  int other_thread = -1;  // -1: nobody, the bytes were never written
  const char* what = "";  // "reads what % wrote": % stands for the other thread
  int64_t offset = 0;     // first byte concerned
};

class SharedShadow {
 public:
  void reset(int64_t bytes, int warps);

  // One lane's access, checked and remembered.
  std::optional<Hazard> read(int thread, int64_t offset, int bytes);
  std::optional<Hazard> write(int thread, int64_t offset, int bytes, bool atomic);
  // cp.async: between start and completion the bytes belong to the copy alone.
  std::optional<Hazard> start_copy(int thread, int64_t offset, int bytes);
  std::optional<Hazard> complete_copy(int thread, int64_t offset, int bytes);

  // bar.warp.sync among `lanes` of a warp.
  void sync_lanes(int warp, Mask lanes);
  // Block barrier `id`: what a warp did before arriving comes before what others do after leaving.
  void arrive(int warp, int id);
  void leave(int warp, int id);
  void forget(int id);
  // A barrier in shared memory, by its offset: an arrival, the end of a phase, and a wait that has seen it.
  // An arrival by some lanes counts for their warp.
  void announce(int warp, uint64_t barrier);
  void complete(uint64_t barrier);
  void learn(int warp, uint64_t barrier);

 private:
  struct Stamp {  // an access: who, and the two clocks of that moment
    int16_t thread = -1;
    uint32_t warp_clock = 0, lane_clock = 0;
  };
  // Readers of a byte that are not ordered among each other: per warp, the lanes since its last barrier.
  struct Readers {
    struct Entry {
      Mask lanes = 0;
      uint32_t warp_clock = 0, lane_clock = 0;  // of the latest
    };
    std::array<Entry, 32> warps;
  };
  struct Byte {
    Stamp writer, reader;  // reader: only while `readers` is null
    Stamp plain_writer;    // the last one that was not atomic
    std::unique_ptr<Readers> readers;
    int16_t copying = -1;  // thread whose cp.async is under way
    bool written = false;
  };
  using LaneClocks = std::array<std::array<uint32_t, 32>, 32>;

  Stamp stamp(int thread) const;
  bool ordered(const Stamp& earlier, int thread) const;
  int unordered_reader(const Byte& byte, int thread) const;  // -1: none
  void remember_reader(Byte& byte, int thread);
  void remember_writer(Byte& byte, int thread, bool atomic);

  std::vector<Byte> bytes_;
  std::vector<std::array<uint32_t, 32>> warp_clocks_;    // [warp][other warp]
  std::vector<LaneClocks> lane_clocks_;                  // [warp][lane][other lane]
  std::array<std::array<uint32_t, 32>, 16> barriers_{};  // what the arrived warps know
  struct Phases {
    std::array<uint32_t, 32> current{}, completed{};
  };
  std::map<uint64_t, Phases> phases_;  // the same for barriers in shared memory
};

}  // namespace masktwins::emulator

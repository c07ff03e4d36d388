// cp.async: copies from global to shared memory that a thread starts, groups and waits for
// (PTX ISA, "Asynchronous copy operations"). The bytes arrive at the wait, never earlier, so a kernel that
// forgets to wait computes with old bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "kernels/emulator/machine/lanes.h"

namespace masktwins::emulator {

struct AsyncCopy {
  uint64_t destination = 0;  // offset in shared memory
  uint64_t source = 0;       // global address
  int bytes = 0;             // written
  int from_source = 0;       // of them copied; the rest becomes zero
};

class AsyncCopies {
 public:
  void clear() {
    for (Lane& lane : lanes_) lane = Lane();
  }
  void start(int lane, const AsyncCopy& copy) { at(lane).open.push_back(copy); }
  // Closes the group of everything started since the last commit; empty groups count too.
  void commit(int lane) {
    at(lane).groups.push_back(std::move(at(lane).open));
    at(lane).open.clear();
  }
  // Takes out the groups that must be complete when at most `pending` newer ones may still be under way.
  std::vector<AsyncCopy> complete(int lane, std::size_t pending) {
    std::vector<AsyncCopy> done;
    for (auto& groups = at(lane).groups; groups.size() > pending; groups.pop_front())
      done.insert(done.end(), groups.front().begin(), groups.front().end());
    return done;
  }
  // Takes out everything started so far; its groups count as complete.
  std::vector<AsyncCopy> take_all(int lane) {
    std::vector<AsyncCopy> taken;
    for (auto& group : at(lane).groups) {
      taken.insert(taken.end(), group.begin(), group.end());
      group.clear();
    }
    taken.insert(taken.end(), at(lane).open.begin(), at(lane).open.end());
    at(lane).open.clear();
    return taken;
  }

 private:
  struct Lane {
    std::vector<AsyncCopy> open;
    std::deque<std::vector<AsyncCopy>> groups;
  };
  Lane& at(int lane) { return lanes_[static_cast<std::size_t>(lane)]; }

  std::array<Lane, warp_size> lanes_;
};

}  // namespace masktwins::emulator

#include "kernels/emulator/machine/memory_barriers.h"

#include <cstring>

#include "kernels/emulator/machine/block.h"

namespace masktwins::emulator {
namespace {

constexpr int barrier_bytes = 8;
constexpr uint64_t mark = 0xba1;  // in the highest 12 bits, so that other bytes are no barrier

// The bytes of a barrier, or null after the reason has been reported.
std::byte* locate_barrier(Warp& warp, int lane, Location where, Use use) {
  if (where.space == Space::shared) return locate(warp, where, barrier_bytes, lane, use);
  warp.report(FindingKind::out_of_bounds, lane, "uses a barrier that is not in shared memory");
  return nullptr;
}

void put(std::byte* bytes, const MemoryBarrier& barrier) {
  const uint64_t bits = barrier.bits();
  std::memcpy(bytes, &bits, sizeof bits);
}

struct Found {
  std::byte* bytes;
  MemoryBarrier barrier;
};

std::optional<Found> find(Warp& warp, int lane, Location where) {
  std::byte* bytes = locate_barrier(warp, lane, where, Use::atomic);
  if (bytes == nullptr) return std::nullopt;
  uint64_t bits;
  std::memcpy(&bits, bytes, sizeof bits);
  if (const auto barrier = MemoryBarrier::from(bits)) return Found{bytes, *barrier};
  warp.report(FindingKind::uninitialised_shared, lane,
              "uses a barrier where mbarrier.init has made none, or whose bytes were overwritten");
  return std::nullopt;
}

}  // namespace

uint64_t MemoryBarrier::bits() const {
  return mark << 52 | uint64_t{phase & 0xfffu} << 40 | uint64_t{expected} << 20 | pending;
}

std::optional<MemoryBarrier> MemoryBarrier::from(uint64_t bits) {
  if (bits >> 52 != mark) return std::nullopt;
  return MemoryBarrier{static_cast<uint32_t>(bits >> 40 & 0xfff),
                       static_cast<uint32_t>(bits >> 20 & largest_count),
                       static_cast<uint32_t>(bits & largest_count)};
}

void MemoryBarriers::init(Warp& warp, int lane, Location where, uint32_t count) {
  std::byte* bytes = locate_barrier(warp, lane, where, Use::write);
  if (bytes == nullptr) return;
  if (count == 0 || count > MemoryBarrier::largest_count)
    warp.report(FindingKind::barrier_divergence, lane,
                "makes a barrier for " + std::to_string(count) + " arrivals; possible are 1 to " +
                    std::to_string(MemoryBarrier::largest_count));
  else put(bytes, {0, count, count});
}

void MemoryBarriers::invalidate(Warp& warp, int lane, Location where) {
  if (const auto found = find(warp, lane, where)) std::memset(found->bytes, 0, barrier_bytes);
}

void MemoryBarriers::count_down(Warp& warp, int lane, uint64_t offset, MemoryBarrier& barrier,
                                uint32_t count) {
  SharedShadow& shadow = warp.block().shadow();
  shadow.announce(warp.index(), offset);
  if (count > barrier.pending) {
    warp.report(FindingKind::barrier_divergence, lane,
                "arrives " + std::to_string(count) + " times at a barrier whose phase waits for " +
                    std::to_string(barrier.pending) + " more");
    count = barrier.pending;
  }
  barrier.pending -= count;
  if (barrier.pending != 0) return;
  barrier.pending = barrier.expected;
  ++barrier.phase;
  shadow.complete(offset);
}

uint64_t MemoryBarriers::arrive(Warp& warp, int lane, Location where, uint32_t count, bool leaves) {
  auto found = find(warp, lane, where);
  if (!found) return 0;
  MemoryBarrier& barrier = found->barrier;
  const uint64_t before = barrier.bits();
  if (leaves) barrier.expected -= std::min(count, barrier.expected);
  count_down(warp, lane, where.address, barrier, count);
  put(found->bytes, barrier);
  return before;
}

void MemoryBarriers::arrive_after_copies(Warp& warp, int lane, Location where, bool extra) {
  auto found = find(warp, lane, where);
  if (!found) return;
  if (extra) ++found->barrier.pending;
  put(found->bytes, found->barrier);
  copies_[where.address].push_back({&warp, lane, warp.async_copies().take_all(lane)});
}

template <class Complete>
bool MemoryBarriers::ask(Warp& warp, int lane, Location where, Complete&& complete) {
  auto found = find(warp, lane, where);
  if (!found) return true;  // reported; the wait must not go on for ever
  if (auto arriving = copies_.find(where.address); arriving != copies_.end()) {
    for (const Copies& each : arriving->second) {
      for (const AsyncCopy& copy : each.copies) finish_copy(*each.warp, copy, each.lane);
      count_down(*each.warp, each.lane, where.address, found->barrier, 1);
    }
    copies_.erase(arriving);
    put(found->bytes, found->barrier);
  }
  if (!complete(found->barrier)) return false;
  warp.block().shadow().learn(warp.index(), where.address);
  return true;
}

bool MemoryBarriers::test(Warp& warp, int lane, Location where, uint64_t state) {
  const auto then = MemoryBarrier::from(state);
  return ask(warp, lane, where,
             [&](const MemoryBarrier& now) { return !then || now.phase % 4096 != then->phase; });
}

bool MemoryBarriers::test_parity(Warp& warp, int lane, Location where, uint32_t parity) {
  return ask(warp, lane, where, [&](const MemoryBarrier& now) { return now.phase % 2 != (parity & 1u); });
}

}  // namespace masktwins::emulator

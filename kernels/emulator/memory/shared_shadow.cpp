#include "kernels/emulator/memory/shared_shadow.h"

#include <algorithm>

namespace masktwins::emulator {
namespace {

std::size_t at(int index) { return static_cast<std::size_t>(index); }
int warp_of(int thread) { return thread / warp_size; }
int lane_of(int thread) { return thread % warp_size; }

void join(std::array<uint32_t, 32>& clock, const std::array<uint32_t, 32>& other) {
  for (std::size_t i = 0; i < clock.size(); ++i) clock[i] = std::max(clock[i], other[i]);
}

}  // namespace

void SharedShadow::reset(int64_t bytes, int warps) {
  bytes_.clear();
  bytes_.resize(static_cast<std::size_t>(bytes));
  warp_clocks_.assign(at(warps), {});
  lane_clocks_.assign(at(warps), {});
  barriers_ = {};
  phases_.clear();
  // Clocks start at 1, so that "0 known of anybody else" never looks like having seen them.
  for (std::size_t warp = 0; warp < warp_clocks_.size(); ++warp) {
    warp_clocks_[warp][warp] = 1;
    for (std::size_t lane = 0; lane < 32; ++lane) lane_clocks_[warp][lane][lane] = 1;
  }
}

SharedShadow::Stamp SharedShadow::stamp(int thread) const {
  const std::size_t warp = at(warp_of(thread)), lane = at(lane_of(thread));
  return {static_cast<int16_t>(thread), warp_clocks_[warp][warp], lane_clocks_[warp][lane][lane]};
}

bool SharedShadow::ordered(const Stamp& earlier, int thread) const {
  if (earlier.thread < 0 || earlier.thread == thread) return true;
  const std::size_t warp = at(warp_of(thread)), other = at(warp_of(earlier.thread));
  // A warp's own clock moves on just before others may learn it, so a later value includes the access.
  if (warp_clocks_[warp][other] > earlier.warp_clock) return true;
  return warp == other &&
         lane_clocks_[warp][at(lane_of(thread))][at(lane_of(earlier.thread))] > earlier.lane_clock;
}

int SharedShadow::unordered_reader(const Byte& byte, int thread) const {
  if (!byte.readers) return ordered(byte.reader, thread) ? -1 : byte.reader.thread;
  for (int warp = 0; warp < static_cast<int>(warp_clocks_.size()); ++warp) {
    const Readers::Entry& entry = byte.readers->warps[at(warp)];
    for (Mask lanes = entry.lanes; lanes != 0; lanes &= lanes - 1) {
      const int reader = warp * warp_size + first(lanes);
      if (!ordered({static_cast<int16_t>(reader), entry.warp_clock, entry.lane_clock}, thread)) return reader;
    }
  }
  return -1;
}

void SharedShadow::remember_reader(Byte& byte, int thread) {
  const Stamp now = stamp(thread);
  if (!byte.readers) {
    if (ordered(byte.reader, thread)) {
      byte.reader = now;
      return;
    }
    byte.readers = std::make_unique<Readers>();
    Readers::Entry& entry = byte.readers->warps[at(warp_of(byte.reader.thread))];
    entry = {Mask{1} << lane_of(byte.reader.thread), byte.reader.warp_clock, byte.reader.lane_clock};
  }
  Readers::Entry& entry = byte.readers->warps[at(warp_of(thread))];
  if (entry.warp_clock != now.warp_clock) entry.lanes = 0;  // a barrier lies between
  entry.lanes |= Mask{1} << lane_of(thread);
  entry.warp_clock = now.warp_clock;
  entry.lane_clock = std::max(entry.lane_clock, now.lane_clock);
}

void SharedShadow::remember_writer(Byte& byte, int thread, bool atomic) {
  byte.writer = stamp(thread);
  if (!atomic) byte.plain_writer = byte.writer;
  byte.written = true;
  byte.reader = Stamp();
  byte.readers.reset();
}

std::optional<Hazard> SharedShadow::read(int thread, int64_t offset, int bytes) {
  std::optional<Hazard> hazard;
  for (int64_t i = offset; i < offset + bytes; ++i) {
    Byte& byte = bytes_[static_cast<std::size_t>(i)];
    if (!hazard) {
      if (byte.copying >= 0)
        hazard = {FindingKind::async_copy, byte.copying, "reads bytes that cp.async of % is still copying",
                  i};
      else if (!byte.written)
        hazard = {FindingKind::uninitialised_shared, -1, "reads bytes that nobody has written", i};
      else if (!ordered(byte.writer, thread))
        hazard = {FindingKind::shared_race, byte.writer.thread, "reads what % wrote, with no barrier between",
                  i};
    }
    remember_reader(byte, thread);
  }
  return hazard;
}

std::optional<Hazard> SharedShadow::write(int thread, int64_t offset, int bytes, bool atomic) {
  std::optional<Hazard> hazard;
  for (int64_t i = offset; i < offset + bytes; ++i) {
    Byte& byte = bytes_[static_cast<std::size_t>(i)];
    if (!hazard) {
      // Atomic updates race with none of their own kind.
      const Stamp& writer = atomic ? byte.plain_writer : byte.writer;
      const int reader = unordered_reader(byte, thread);
      if (byte.copying >= 0)
        hazard = {FindingKind::async_copy, byte.copying, "writes bytes that cp.async of % is still copying",
                  i};
      else if (!ordered(writer, thread))
        hazard = {FindingKind::shared_race, writer.thread, "overwrites what % wrote, with no barrier between",
                  i};
      else if (reader >= 0)
        hazard = {FindingKind::shared_race, reader, "overwrites what % reads, with no barrier between", i};
      else if (atomic && !byte.written)
        hazard = {FindingKind::uninitialised_shared, -1, "updates bytes that nobody has written", i};
    }
    remember_writer(byte, thread, atomic);
  }
  return hazard;
}

std::optional<Hazard> SharedShadow::start_copy(int thread, int64_t offset, int bytes) {
  std::optional<Hazard> hazard;
  for (int64_t i = offset; i < offset + bytes; ++i) {
    Byte& byte = bytes_[static_cast<std::size_t>(i)];
    if (!hazard) {
      const int reader = unordered_reader(byte, thread);
      if (byte.copying >= 0)
        hazard = {FindingKind::async_copy, byte.copying,
                  "copies onto bytes that cp.async of % is still copying", i};
      else if (!ordered(byte.writer, thread))
        hazard = {FindingKind::shared_race, byte.writer.thread,
                  "starts a copy onto what % wrote, with no barrier between", i};
      else if (reader >= 0)
        hazard = {FindingKind::shared_race, reader,
                  "starts a copy onto what % reads, with no barrier between", i};
    }
    byte.copying = static_cast<int16_t>(thread);
  }
  return hazard;
}

std::optional<Hazard> SharedShadow::complete_copy(int thread, int64_t offset, int bytes) {
  for (int64_t i = offset; i < offset + bytes; ++i) bytes_[static_cast<std::size_t>(i)].copying = -1;
  return write(thread, offset, bytes, false);
}

void SharedShadow::sync_lanes(int warp, Mask lanes) {
  LaneClocks& clocks = lane_clocks_[at(warp)];
  std::array<uint32_t, 32> known{};
  for_each_lane(lanes, [&](int lane) {
    ++clocks[at(lane)][at(lane)];
    join(known, clocks[at(lane)]);
  });
  for_each_lane(lanes, [&](int lane) { join(clocks[at(lane)], known); });
}

void SharedShadow::arrive(int warp, int id) {
  auto& clock = warp_clocks_[at(warp)];
  ++clock[at(warp)];
  join(barriers_[at(id)], clock);
}

void SharedShadow::leave(int warp, int id) { join(warp_clocks_[at(warp)], barriers_[at(id)]); }

void SharedShadow::forget(int id) { barriers_[at(id)] = {}; }

void SharedShadow::announce(int warp, uint64_t barrier) {
  auto& clock = warp_clocks_[at(warp)];
  ++clock[at(warp)];
  join(phases_[barrier].current, clock);
}

void SharedShadow::complete(uint64_t barrier) {
  Phases& phases = phases_[barrier];
  join(phases.completed, phases.current);
  phases.current = {};
}

void SharedShadow::learn(int warp, uint64_t barrier) {
  join(warp_clocks_[at(warp)], phases_[barrier].completed);
}

}  // namespace masktwins::emulator

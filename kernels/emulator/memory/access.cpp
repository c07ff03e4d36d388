#include "kernels/emulator/memory/access.h"

#include <sstream>

#include "kernels/emulator/machine/block.h"
#include "kernels/emulator/memory/device_heap.h"
#include "kernels/emulator/memory/traffic.h"

namespace masktwins::emulator {
namespace {

template <class... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

const char* verb(Use use) {
  switch (use) {
    case Use::read: return "reads ";
    case Use::write: return "writes ";
    case Use::atomic: return "updates ";
  }
  return "";
}

std::byte* locate_in_heap(Warp& warp, uint64_t address, int bytes, int lane, Use use) {
  std::byte* found = DeviceHeap::instance().find(address, bytes);
  if (found == nullptr)
    warp.report(FindingKind::out_of_bounds, lane,
                text(verb(use), bytes, " bytes at ", DeviceHeap::instance().describe(address)));
  return found;
}

std::byte* locate_global(Warp& warp, uint64_t address, int bytes, int lane, Use use) {
  const Allocation*& last = warp.block().last_allocation();
  if (last == nullptr || !last->contains(address, bytes)) {
    if (DeviceHeap::instance().in_range(address)) return locate_in_heap(warp, address, bytes, lane, use);
    const DeviceMemory& memory = DeviceMemory::instance();
    const Allocation* found = memory.find(address);
    if (found == nullptr || !found->contains(address, bytes)) {
      const bool device = memory.in_device_range(address) || address < 4096;
      warp.report(
          device ? FindingKind::out_of_bounds : FindingKind::pointer_confusion, lane,
          text(verb(use), bytes, " bytes of global memory at ", memory.describe(address),
               device ? "" : ": not device memory; a host pointer was probably passed to the kernel"));
      return nullptr;
    }
    last = found;
  }
  return last->host + (address - last->address);
}

void report_hazard(Warp& warp, int lane, const Hazard& hazard) {
  std::string what = hazard.what;
  const std::size_t other = what.find('%');
  if (other != std::string::npos) what.replace(other, 1, warp.block().name_thread(hazard.other_thread));
  warp.report(hazard.kind, lane, text(what, " (shared memory offset ", hazard.offset, ")"));
}

bool in_shared(Warp& warp, uint64_t address, int bytes, int lane, Use use) {
  const uint64_t size = warp.block().shared().size();
  if (address <= size && static_cast<uint64_t>(bytes) <= size - address) return true;
  warp.report(FindingKind::out_of_bounds, lane,
              text(verb(use), bytes, " bytes of shared memory at offset ", static_cast<int64_t>(address),
                   ", but the block has ", size, " bytes"));
  return false;
}

bool aligned(Warp& warp, Location location, int bytes, int lane, Use use) {
  if (location.address % static_cast<uint64_t>(bytes) == 0) return true;
  warp.report(
      FindingKind::misaligned, lane,
      text(verb(use), bytes, " bytes at ", location.space == Space::global ? "address 0x" : "offset 0x",
           std::hex, location.address, std::dec, ", which is not a multiple of ", bytes));
  return false;
}

std::byte* locate_shared(Warp& warp, uint64_t address, int bytes, int lane, Use use) {
  Block& block = warp.block();
  if (!in_shared(warp, address, bytes, lane, use)) return nullptr;
  if (block.checks()) {
    const int64_t offset = static_cast<int64_t>(address);
    const int thread = warp.thread(lane);
    const std::optional<Hazard> hazard =
        use == Use::read ? block.shadow().read(thread, offset, bytes)
                         : block.shadow().write(thread, offset, bytes, use == Use::atomic);
    if (hazard) report_hazard(warp, lane, *hazard);
  }
  return block.shared().data() + address;
}

// Local memory and kernel parameters: plain bytes with an end.
std::byte* locate_plain(Warp& warp, const char* name, std::byte* memory, uint64_t size, uint64_t address,
                        int bytes, int lane, Use use) {
  if (address <= size && static_cast<uint64_t>(bytes) <= size - address) return memory + address;
  warp.report(FindingKind::out_of_bounds, lane,
              text(verb(use), bytes, " bytes of ", name, " at offset ", static_cast<int64_t>(address),
                   ", but it has ", size, " bytes"));
  return nullptr;
}

}  // namespace

Location resolve(Space space, uint64_t address) {
  if (space != Space::generic) return {space, address};
  if (address - shared_window < window_bytes) return {Space::shared, address - shared_window};
  if (address - local_window < window_bytes) return {Space::local, address - local_window};
  if (address - parameter_window < window_bytes) return {Space::parameter, address - parameter_window};
  return {Space::global, address};
}

std::byte* locate(Warp& warp, Location location, int bytes, int lane, Use use) {
  if (!aligned(warp, location, bytes, lane, use)) return nullptr;
  switch (location.space) {
    case Space::shared: return locate_shared(warp, location.address, bytes, lane, use);
    case Space::local: {
      std::vector<std::byte>& memory = warp.local(lane);
      return locate_plain(warp, "local memory", memory.data(), memory.size(), location.address, bytes, lane,
                          use);
    }
    case Space::parameter: {
      // The buffer is shared by all blocks; kernels cannot write it, the compiler sees to that.
      const std::vector<std::byte>& memory = warp.block().launch().parameters;
      return locate_plain(warp, "kernel parameters", const_cast<std::byte*>(memory.data()), memory.size(),
                          location.address, bytes, lane, use);
    }
    default: return locate_global(warp, location.address, bytes, lane, use);
  }
}

bool begin_copy(Warp& warp, const AsyncCopy& copy, int lane) {
  if (!aligned(warp, {Space::shared, copy.destination}, copy.bytes, lane, Use::write)) return false;
  if (!aligned(warp, {Space::global, copy.source}, copy.bytes, lane, Use::read)) return false;
  if (!in_shared(warp, copy.destination, copy.bytes, lane, Use::write)) return false;
  if (warp.block().checks()) {
    const std::optional<Hazard> hazard = warp.block().shadow().start_copy(
        warp.thread(lane), static_cast<int64_t>(copy.destination), copy.bytes);
    if (hazard) report_hazard(warp, lane, *hazard);
  }
  return copy.from_source == 0 ||
         locate_global(warp, copy.source, copy.from_source, lane, Use::read) != nullptr;
}

void finish_copy(Warp& warp, const AsyncCopy& copy, int lane) {
  Block& block = warp.block();
  if (block.checks())
    block.shadow().complete_copy(warp.thread(lane), static_cast<int64_t>(copy.destination), copy.bytes);
  std::byte* destination = block.shared().data() + copy.destination;
  std::memset(destination, 0, static_cast<std::size_t>(copy.bytes));
  if (copy.from_source > 0)
    std::memcpy(destination, locate_global(warp, copy.source, copy.from_source, lane, Use::read),
                static_cast<std::size_t>(copy.from_source));
}

void count_traffic(Warp& warp, Space space, const std::array<uint64_t, warp_size>& addresses, int bytes,
                   Mask lanes) {
  if (!warp.block().launch().options.traffic || lanes == 0) return;
  Counter& counter = warp.block().counter(warp.site());
  if (space == Space::shared) {
    counter.shared += shared_traffic(addresses, bytes, lanes);
  } else if (space == Space::global || space == Space::constant) {
    counter.global += global_traffic(addresses, bytes, lanes);
  } else if (space == Space::generic) {
    std::array<uint64_t, warp_size> offsets{};
    Mask shared = 0, global = 0;
    for_each_lane(lanes, [&](int lane) {
      const Location location = resolve(space, addresses[static_cast<std::size_t>(lane)]);
      offsets[static_cast<std::size_t>(lane)] = location.address;
      if (location.space == Space::shared) shared |= Mask{1} << lane;
      if (location.space == Space::global) global |= Mask{1} << lane;
    });
    if (shared != 0) counter.shared += shared_traffic(offsets, bytes, shared);
    if (global != 0) counter.global += global_traffic(offsets, bytes, global);
  }
}

}  // namespace masktwins::emulator

#include "kernels/emulator/memory/device_heap.h"

#include <cstring>
#include <mutex>
#include <sstream>

#include "kernels/emulator/memory/device_memory.h"

namespace masktwins::emulator {
namespace {

constexpr uint64_t alignment = 16;
constexpr uint64_t gap = 128;  // between pieces, so that small strides past the end hit nothing
constexpr std::size_t remembered = 1024;

}  // namespace

DeviceHeap& DeviceHeap::instance() {
  static DeviceHeap& heap = *new DeviceHeap;  // never destroyed: kernels may run at exit
  return heap;
}

DeviceHeap::DeviceHeap() {
  begin_ = DeviceMemory::instance().reserve_addresses(range_bytes);
  next_ = begin_;
  view_ = DeviceMemory::instance().view(begin_);
}

uint64_t DeviceHeap::allocate(int64_t bytes) {
  const std::lock_guard lock(mutex_);
  if (bytes <= 0 || bytes > limit_ - used_) return 0;
  const uint64_t span = (static_cast<uint64_t>(bytes) + alignment - 1) / alignment * alignment + gap;
  if (span > begin_ + range_bytes - next_) return 0;
  const uint64_t address = next_;
  next_ += span;
  used_ += bytes;
  pieces_[address] = bytes;
  std::memset(view_ + (address - begin_), 0xff, static_cast<std::size_t>(bytes));
  return address;
}

bool DeviceHeap::release(uint64_t address) {
  const std::lock_guard lock(mutex_);
  const auto piece = pieces_.find(address);
  if (piece == pieces_.end()) return false;
  used_ -= piece->second;
  released_.insert(*piece);
  if (released_.size() > remembered) released_.erase(released_.begin());
  pieces_.erase(piece);
  if (pieces_.empty()) DeviceMemory::instance().drop_pages(begin_, next_ - begin_);
  return true;
}

std::byte* DeviceHeap::find(uint64_t address, int64_t bytes) const {
  const std::shared_lock lock(mutex_);
  const auto after = pieces_.upper_bound(address);
  if (after == pieces_.begin()) return nullptr;
  const auto [begin, size] = *std::prev(after);
  if (bytes > size || address - begin > static_cast<uint64_t>(size - bytes)) return nullptr;
  return view_ + (address - begin_);
}

std::string DeviceHeap::describe(uint64_t address) const {
  const std::shared_lock lock(mutex_);
  std::ostringstream text;
  text << "address 0x" << std::hex << address << std::dec;
  const auto below = [&](const std::map<uint64_t, int64_t>& pieces) {
    const auto after = pieces.upper_bound(address);
    return after == pieces.begin() ? std::pair<const uint64_t, int64_t>(0, 0) : *std::prev(after);
  };
  const auto [begin, bytes] = below(pieces_);
  const auto [old_begin, old_bytes] = below(released_);
  if (old_begin > begin && address - old_begin < static_cast<uint64_t>(old_bytes))
    text << ", offset " << address - old_begin << " of malloc (" << old_bytes
         << " bytes), which has been freed";
  else if (begin == 0) text << " of the device's heap, where nothing is allocated";
  else if (address - begin < static_cast<uint64_t>(bytes))
    text << ", offset " << address - begin << " of malloc (" << bytes << " bytes)";
  else
    text << ", " << address - begin - static_cast<uint64_t>(bytes) << " bytes past the end of malloc ("
         << bytes << " bytes)";
  return text.str();
}

}  // namespace masktwins::emulator

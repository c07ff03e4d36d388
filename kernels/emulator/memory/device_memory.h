// The memory of the emulated device. Its addresses are real addresses of this process that host code cannot
// touch: the range is mapped without any access, and the emulator reaches the same bytes through a second
// mapping. A host program that dereferences a device pointer dies with a message, as it should.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

namespace masktwins::emulator {

struct Allocation {
  uint64_t address = 0;  // as kernels see it
  int64_t bytes = 0;
  std::byte* host = nullptr;  // the same bytes as the emulator sees them
  std::string name;
  bool on_host = false;  // pinned or managed: host code may use the address as well
  bool lent = false;     // memory of the program itself, which it has registered

  bool contains(uint64_t begin, int64_t length) const {
    return begin >= address && length <= bytes && begin - address <= static_cast<uint64_t>(bytes - length);
  }
};

// Allocations change only between kernels, so kernels look them up without a lock.
class DeviceMemory {
 public:
  static DeviceMemory& instance();

  // 0 if the device has not that much left. Fresh memory holds NaN patterns (every byte 0xff). Addresses are
  // never used twice, so use after free is always out of bounds.
  uint64_t allocate(int64_t bytes, const std::string& name);
  bool release(uint64_t address);  // false if nothing begins there

  // Host memory that kernels may use at the same address.
  void* allocate_on_host(int64_t bytes, const std::string& name);  // null if there is none left
  bool release_on_host(void* pointer);
  // The program's own memory; false if some of it is known already, or if it was not lent.
  bool lend(void* pointer, int64_t bytes, const std::string& name);
  bool take_back(void* pointer);

  // The allocation that holds the address, or null.
  const Allocation* find(uint64_t address) const;
  // "4 bytes past the end of cudaMalloc (1024 bytes)" and the like, for messages.
  std::string describe(uint64_t address) const;
  bool in_device_range(uint64_t address) const;

  // For the heap of kernels: addresses without memory, the memory behind them, and giving it back.
  uint64_t reserve_addresses(uint64_t bytes);
  std::byte* view(uint64_t address) const { return view_ + (address - begin_); }
  void drop_pages(uint64_t address, uint64_t bytes) const;

  int64_t free_bytes() const;
  int64_t total_bytes() const;

 private:
  DeviceMemory();

  mutable std::mutex mutex_;
  std::map<uint64_t, Allocation> allocations_;
  uint64_t begin_ = 0, next_ = 0;
  std::byte* view_ = nullptr;  // second mapping of the whole range
  int64_t used_ = 0;
  int file_ = -1;
};

}  // namespace masktwins::emulator

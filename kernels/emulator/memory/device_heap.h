// The heap that kernels allocate from themselves: malloc, free, new and delete in device code (CUDA
// Programming Guide, "Dynamic Global Memory Allocation and Operations"). Blocks on several threads use it at
// once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <shared_mutex>
#include <string>

namespace masktwins::emulator {

class DeviceHeap {
 public:
  static DeviceHeap& instance();

  // 0 if the heap is full. Fresh memory holds NaN patterns. Addresses are never used twice, so that an access
  // after free hits nothing.
  uint64_t allocate(int64_t bytes);
  bool release(uint64_t address);  // false if nothing begins there

  bool in_range(uint64_t address) const { return address - begin_ < range_bytes; }
  // The bytes as the emulator reaches them; null if no piece holds them all.
  std::byte* find(uint64_t address, int64_t bytes) const;
  // "4 bytes past the end of malloc (64 bytes)" and the like, for messages.
  std::string describe(uint64_t address) const;

  int64_t limit() const { return limit_; }
  void set_limit(int64_t bytes) { limit_ = bytes; }  // cudaLimitMallocHeapSize

 private:
  static constexpr uint64_t range_bytes = uint64_t{1} << 37;  // of addresses, not of memory

  DeviceHeap();

  mutable std::shared_mutex mutex_;
  std::map<uint64_t, int64_t> pieces_;    // address -> bytes
  std::map<uint64_t, int64_t> released_;  // the last few, for messages
  uint64_t begin_ = 0, next_ = 0;
  std::byte* view_ = nullptr;  // of the whole range
  int64_t used_ = 0, limit_ = 8 << 20;
};

}  // namespace masktwins::emulator

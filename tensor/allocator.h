// Memory for tensors: freed blocks are kept and handed out again, because a training step asks for the same
// sizes over and over and fresh pages cost a page fault per 4 KiB.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <string>

#include "tensor/device.h"

namespace masktwins {

struct AllocatorStats {
  std::size_t active = 0;       // bytes now held by tensors
  std::size_t peak = 0;         // most bytes ever held at once since reset_peak()
  std::size_t cached = 0;       // bytes kept for the next tensor
  std::size_t allocations = 0;  // requests served
  std::size_t cache_hits = 0;   // of those, served from kept blocks
};

// Where blocks come from. `allocate` returns null when memory is exhausted.
struct MemorySource {
  void* (*allocate)(std::size_t bytes);
  void (*release)(void* block);
};

class CachingAllocator {
 public:
  CachingAllocator();  // of the CPU's memory
  explicit CachingAllocator(Device device);
  // The allocator of a device. On CUDA all work runs on one stream, so a block may be handed out again while
  // the kernels that used it still wait in the queue.
  static CachingAllocator& of(Device device);
  static CachingAllocator& cpu() { return of(Device::cpu); }

  // A block of at least `bytes` bytes, aligned to 64. Throws Error with the statistics when memory is
  // exhausted.
  void* allocate(std::size_t bytes);
  void release(void* block, std::size_t bytes);

  AllocatorStats stats() const;
  void reset_peak();
  // Returns kept blocks to the system.
  void trim();
  // Upper bound for kept bytes; the largest go first when it is exceeded.
  void set_cache_limit(std::size_t bytes);

 private:
  void trim_locked(std::size_t limit);

  Device device_;
  MemorySource source_;
  mutable std::mutex mutex_;
  std::multimap<std::size_t, void*> free_blocks_;  // by size
  AllocatorStats stats_;
  std::size_t cache_limit_;
};

std::string describe(const AllocatorStats& stats);

}  // namespace masktwins

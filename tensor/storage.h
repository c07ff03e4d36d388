// A block of memory on one device, returned to its allocator with the last tensor that uses it.
#pragma once

#include <cstddef>

#include "tensor/allocator.h"
#include "tensor/device.h"

namespace masktwins {

class Storage {
 public:
  Storage(std::size_t bytes, Device device)
      : data_(CachingAllocator::of(device).allocate(bytes)), bytes_(bytes), device_(device) {}
  ~Storage() { CachingAllocator::of(device_).release(data_, bytes_); }
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  void* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }
  Device device() const { return device_; }

 private:
  void* data_;
  std::size_t bytes_;
  Device device_;
};

}  // namespace masktwins

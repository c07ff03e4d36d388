// The part of the CUDA runtime that the engine uses, for host code: memory, copies, the stream on which all
// kernels run. Without CUDA support only available() exists in a build. Every function throws
// std::runtime_error with the runtime's own words when a call fails.
#pragma once

#include <cstddef>
#include <string>

namespace masktwins::kernels::cuda {

struct DeviceDescription {
  std::string name;
  int compute_capability = 0;  // 80 for 8.0
  std::size_t memory = 0, free_memory = 0;
  int driver_version = 0, runtime_version = 0;  // 13000 for 13.0
  bool emulated = false;
};

// True if a device can be used; else `why_not` says in one line what is missing.
bool available(std::string& why_not);
DeviceDescription describe_device();

// Memory of the device; null when there is not enough left.
void* allocate(std::size_t bytes);
void release(void* memory);

// Copies wait for everything queued before, and are complete on return (except on the device, where they are
// queued like a kernel).
void copy_to_device(void* device, const void* host, std::size_t bytes);
void copy_to_host(void* host, const void* device, std::size_t bytes);
void copy_on_device(void* to, const void* from, std::size_t bytes);
void clear(void* device, std::size_t bytes);  // sets bytes to 0, queued like a kernel

// Waits until everything queued has run; reports what failed meanwhile.
void synchronize();

// Working memory of kernels comes from here; the engine installs its caching allocator.
struct ScratchSource {
  void* (*allocate)(std::size_t bytes);
  void (*release)(void* memory, std::size_t bytes);
};
void set_scratch_source(const ScratchSource& source);
const ScratchSource& scratch_source();

}  // namespace masktwins::kernels::cuda

// Copies to the device that overlap with kernels: from pinned host memory, on a stream of their own.
#pragma once

#include <cstddef>

namespace masktwins::kernels::cuda {

// One buffer of pinned memory and the copy that is under way from it. A round is: host(), fill it, start();
// kernels that read the device memory are queued after start(), and after the last of them comes used().
class Upload {
 public:
  explicit Upload(std::size_t bytes);
  ~Upload();
  Upload(const Upload&) = delete;
  Upload& operator=(const Upload&) = delete;

  // The pinned memory. Waits until the copy before has read it.
  void* host();
  // Queues the copy of host() to `device`: it waits for what was queued before used(), and kernels queued
  // from now on wait for it.
  void start(void* device);
  // Says that every kernel that reads the device memory has been queued.
  void used();

 private:
  struct State;
  State* state_;
};

}  // namespace masktwins::kernels::cuda

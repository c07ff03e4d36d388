// State of the emulated device behind the CUDA runtime API: one device, one lock, the last error.
#pragma once

#include <cuda_runtime_api.h>

#include <mutex>
#include <string>

#include "kernels/emulator/error.h"

namespace masktwins::emulator {

class Device {
 public:
  static Device& instance();

  std::recursive_mutex& mutex() { return mutex_; }

  // After a kernel has failed, every call returns its error until the device is reset, as on a real one.
  cudaError_t fault() const { return fault_; }
  void fail_with(cudaError_t error) {
    if (fault_ == cudaSuccess) fault_ = error;
  }
  void clear_fault() { fault_ = cudaSuccess; }

  // Per host thread.
  static cudaError_t& last_error();

 private:
  std::recursive_mutex mutex_;
  cudaError_t fault_ = cudaSuccess;
};

// Every runtime call goes through here: takes the lock, returns a pending fault, keeps the last error, and
// turns the emulator's own errors into a message and cudaErrorNotSupported.
void explain(const char* call, const std::string& message);
void prepare_report_at_exit();

template <class Body>
cudaError_t runtime_call(const char* name, Body&& body) {
  Device& device = Device::instance();
  const std::lock_guard lock(device.mutex());
  prepare_report_at_exit();
  cudaError_t result = device.fault();
  if (result == cudaSuccess) {
    try {
      result = body();
    } catch (const Error& error) {
      explain(name, error.what());
      result = cudaErrorNotSupported;
    }
  }
  if (result != cudaSuccess && result != cudaErrorNotReady) Device::last_error() = result;
  return result;
}

}  // namespace masktwins::emulator

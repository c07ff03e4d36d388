// Working memory of kernels on the device.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

#include "kernels/common/cuda.h"

namespace masktwins::kernels::cuda {

// Uninitialised working memory of a kernel call; given back when the call returns, which is safe because
// whoever gets it next works on the same stream.
template <class T>
class DeviceScratch {
 public:
  explicit DeviceScratch(int64_t count) : bytes_(static_cast<std::size_t>(count) * sizeof(T)) {
    if (bytes_ == 0) return;
    data_ = static_cast<T*>(scratch_source().allocate(bytes_));
    if (data_ == nullptr)
      throw std::runtime_error("cuda: no memory for " + std::to_string(bytes_) + " bytes of working memory");
  }
  ~DeviceScratch() {
    if (data_ != nullptr) scratch_source().release(data_, bytes_);
  }
  DeviceScratch(const DeviceScratch&) = delete;
  DeviceScratch& operator=(const DeviceScratch&) = delete;

  T* data() const { return data_; }  // null for no elements

 private:
  std::size_t bytes_;
  T* data_ = nullptr;
};

}  // namespace masktwins::kernels::cuda

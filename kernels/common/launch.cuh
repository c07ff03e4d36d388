// Launching kernels: every launch goes to the engine's stream and names its kernel when it is refused.
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/common/cuda.h"
#include "kernels/common/stream.h"

namespace masktwins::kernels::cuda {

// Blocks of a grid-stride loop: enough to fill every shipped device several times, few enough that the tail
// costs little.
constexpr int64_t most_blocks = 4096;
constexpr int threads_per_block = 256;

inline unsigned blocks_for(int64_t items, int64_t items_per_block) {
  return static_cast<unsigned>(
      std::clamp<int64_t>((items + items_per_block - 1) / items_per_block, 1, most_blocks));
}

// launch("relu", kernel, grid, block, dynamic shared bytes)(arguments...)
template <class... Parameters>
auto launch(const char* name, void (*kernel)(Parameters...), dim3 grid, dim3 block,
            std::size_t shared_bytes = 0) {
  return [=](auto&&... arguments) {
    kernel<<<grid, block, shared_bytes, stream()>>>(arguments...);
    const cudaError_t error = cudaGetLastError();
    if (error != cudaSuccess)
      check(error, std::string("launch of ") + name + " with grid (" + std::to_string(grid.x) + ", " +
                       std::to_string(grid.y) + ", " + std::to_string(grid.z) + "), block (" +
                       std::to_string(block.x) + ", " + std::to_string(block.y) + ", " +
                       std::to_string(block.z) + "), " + std::to_string(shared_bytes) +
                       " bytes of shared memory");
  };
}

// Uninitialised working memory of a kernel call; given back when the call returns, which is safe because
// whoever gets it next works on the same stream.
template <class T>
class DeviceScratch {
 public:
  explicit DeviceScratch(int64_t count) : bytes_(static_cast<std::size_t>(count) * sizeof(T)) {
    data_ = static_cast<T*>(scratch_source().allocate(bytes_));
    if (data_ == nullptr)
      throw std::runtime_error("cuda: no memory for " + std::to_string(bytes_) + " bytes of working memory");
  }
  ~DeviceScratch() { scratch_source().release(data_, bytes_); }
  DeviceScratch(const DeviceScratch&) = delete;
  DeviceScratch& operator=(const DeviceScratch&) = delete;

  T* data() const { return data_; }

 private:
  std::size_t bytes_;
  T* data_ = nullptr;
};

}  // namespace masktwins::kernels::cuda

// Launching kernels: every launch goes to the engine's stream and names its kernel and its arguments when
// it fails.
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/common/device_scratch.h"
#include "kernels/common/launch_text.h"
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
  return [=](const Parameters&... arguments) {
    kernel<<<grid, block, shared_bytes, stream()>>>(arguments...);
    const cudaError_t error = cudaGetLastError();
    if (error != cudaSuccess) check(error, launch_text(name, grid, block, shared_bytes, {arguments...}));
  };
}

}  // namespace masktwins::kernels::cuda

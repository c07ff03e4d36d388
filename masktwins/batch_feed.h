// Batches where the network computes. For CUDA the copy of a batch overlaps with the step before it.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "data/loader.h"

namespace masktwins {

// A batch in the memory of another device.
data::Batch to(const data::Batch& batch, Device device);

class BatchFeed {
 public:
  BatchFeed(data::Loader& loader, Device device) : loader_(loader), device_(device) {}

  // The batch of the next step; what came before the last two calls may be overwritten. Throws as the loader.
  const data::Batch& next();

 private:
  struct Slot;  // a batch on the device, at addresses that stay, and the pinned memory before it

  data::Loader& loader_;
  Device device_;
  data::Batch on_cpu_;
  std::array<std::shared_ptr<Slot>, 2> slots_;  // while one is computed with, the other is filled
  std::size_t current_ = 0;
};

}  // namespace masktwins

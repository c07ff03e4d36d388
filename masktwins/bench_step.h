// How long a training step takes, beside what experiments/bench_pytorch.py measures.
#pragma once

#include <cstdint>
#include <string>

#include "tensor/device.h"

namespace masktwins {

struct StepBenchOptions {
  std::string model = "unet";
  int64_t width = 32, crop = 256, batch = 2;
  int64_t repeats = 5;
  std::string json;  // a file, "-" for the screen, empty for a table
  bool profile = false;
  Device device = Device::cpu;
};

// supervised: source loss, backward, optimiser. masktwins: teacher update, source, pseudo-labels, two
// complementary views with cross-entropy and consistency, backward, optimiser; no ClassMix and no colour
// augmentation.
void bench_step(const StepBenchOptions& options);

}  // namespace masktwins

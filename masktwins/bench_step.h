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
  bool supervised_only = false;
  bool profile = false;  // of the last kind of step that was timed
  std::string trace;     // a file for the same as a Chrome trace; empty: none
  Device device = Device::cpu;
};

// supervised: source loss, backward, optimiser. masktwins: teacher update, source, pseudo-labels, two
// complementary views with cross-entropy and consistency, backward, optimiser; no ClassMix and no colour
// augmentation. The U-Net sees grey images of two classes, other networks colour images of nineteen.
void bench_step(const StepBenchOptions& options);

}  // namespace masktwins

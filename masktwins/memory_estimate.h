// How much memory a training step will need, said before the first one.
#pragma once

#include <string>

#include "masktwins/config.h"
#include "tensor/device.h"

namespace masktwins {

struct MemoryEstimate {
  double parameters = 0;   // bytes of student and teacher, gradients and the optimiser's moments
  double activations = 0;  // bytes of what a step holds beside them at its peak
  double total() const { return parameters + activations; }
};

// Measured on smaller images of the same batch and scaled by the number of pixels: a network like the
// configuration's is built, looks at them as often as the largest graph of a step does, and goes backward.
// Images are at most four times smaller per side, so that the measurement costs about a sixteenth of a step.
// `size_multiple` is that of the network.
MemoryEstimate estimate_memory(const Config& config, int64_t size_multiple, Device device = Device::cpu);

// One line for people if the estimate exceeds `available` bytes, else empty.
std::string memory_warning(const MemoryEstimate& estimate, double available);

// Bytes that tensors may take there without swapping, those that they have already included; infinity if the
// system does not say.
double available_memory(Device device = Device::cpu);

}  // namespace masktwins

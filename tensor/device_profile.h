// The profiler with the times of the device that computes.
#pragma once

#include "tensor/device.h"

namespace masktwins {

// Profiler::start(). On CUDA, where the host only queues, an op's time reaches from the end of the kernels of
// the profiled op before it to the end of its own, as events on the device tell; Profiler::totals() and
// trace() read them and wait for the device, the ops themselves do not.
void start_profiler(Device device);

}  // namespace masktwins

// Waiting for a device.
#pragma once

#include "kernels/common/cuda.h"
#include "tensor/dispatch.h"

namespace masktwins {

// Waits until everything queued on the device has run.
inline void synchronize(Device device) {
  dispatch_device(device, "synchronize", [](auto on) {
    if constexpr (on == Device::cuda) kernels::cuda::synchronize();
  });
}

}  // namespace masktwins

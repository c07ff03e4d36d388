// Whether this machine can run the CUDA kernels of this build, and if not, why: in words for people.
#pragma once

#include <cuda_runtime_api.h>

#include <string>

#include "kernels/common/cuda.h"

namespace masktwins::kernels::cuda {

constexpr int least_compute_capability = 75;  // Turing

// Why cudaGetDeviceCount gave `error`, or no device. driver_version as from cudaDriverGetVersion, 0 without
// one.
std::string why_no_device(cudaError_t error, int driver_version);
// Why the engine cannot compute on this device; empty if it can.
std::string why_not_this_device(const DeviceDescription& device);

std::string version_text(int version);        // 13020 -> "13.2"
std::string capability_text(int capability);  // 86 -> "8.6"

}  // namespace masktwins::kernels::cuda

#include "kernels/common/availability.h"

namespace masktwins::kernels::cuda {

std::string version_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

std::string why_no_device(cudaError_t error, int driver_version) {
  if (error == cudaErrorNoDevice || error == cudaSuccess)
    return "no NVIDIA GPU in this machine, or CUDA_VISIBLE_DEVICES hides it";
  if (driver_version == 0) return "no NVIDIA driver; install it, nvidia-smi must list the GPU";
  if (error == cudaErrorInsufficientDriver)
    return "the NVIDIA driver knows CUDA " + version_text(driver_version) + ", this build needs " +
           version_text(CUDART_VERSION) + "; install a newer driver";
  return cudaGetErrorString(error);
}

std::string capability_text(int capability) {
  return std::to_string(capability / 10) + "." + std::to_string(capability % 10);
}

std::string why_not_this_device(const DeviceDescription& device) {
  if (device.compute_capability >= least_compute_capability) return "";
  return device.name + " has compute capability " + capability_text(device.compute_capability) +
         ", this build has kernels from " + capability_text(least_compute_capability) + " (Turing) on";
}

bool available(std::string& why_not) {
  int devices = 0, driver_version = 0;
  cudaDriverGetVersion(&driver_version);
  const cudaError_t error = cudaGetDeviceCount(&devices);
  why_not = error == cudaSuccess && devices > 0 ? why_not_this_device(describe_device())
                                                : why_no_device(error, driver_version);
  cudaGetLastError();  // not an error of the calls to come
  return why_not.empty();
}

}  // namespace masktwins::kernels::cuda

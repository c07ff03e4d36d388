#include "kernels/common/cuda.h"

#include <cuda_runtime_api.h>

#include "kernels/common/step_graph.h"
#include "kernels/common/stream.h"

namespace masktwins::kernels::cuda {
namespace {

void* allocate_directly(std::size_t bytes) { return allocate(bytes); }
void release_directly(void* memory, std::size_t) { release(memory); }

ScratchSource& installed_source() {
  static ScratchSource source{allocate_directly, release_directly};
  return source;
}

int attribute(cudaDeviceAttr which) {
  int value = 0;
  check(cudaDeviceGetAttribute(&value, which, 0), "cudaDeviceGetAttribute");
  return value;
}

// What to do about an error, where the runtime's own words do not say it.
const char* advice(cudaError_t error) {
  switch (error) {
    case cudaErrorIllegalAddress:
    case cudaErrorMisalignedAddress:
    case cudaErrorLaunchFailure:
    case cudaErrorLaunchTimeout:  // a kernel's own fault shows at a later call
      return "; with CUDA_LAUNCH_BLOCKING=1, and without --cuda-graph, the kernel itself is named";
    case cudaErrorNoKernelImageForDevice:
    case cudaErrorUnsupportedPtxVersion:
      return "; this build has no kernels for this GPU, configure it with -DMASKTWINS_CUDA_ARCHITECTURES= "
             "and the "
             "compute capability that `masktwins doctor` shows, such as 86 for 8.6";
    default: return "";
  }
}

}  // namespace

void check(cudaError_t error, const std::string& what) {
  if (error == cudaSuccess) return;
  throw std::runtime_error("cuda: " + what + ": " + cudaGetErrorString(error) + " (" +
                           cudaGetErrorName(error) + ")" + advice(error));
}

cudaStream_t stream() {
  static const cudaStream_t created = [] {
    cudaStream_t stream = nullptr;
    check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "cudaStreamCreate");
    return stream;
  }();
  return created;
}

DeviceDescription describe_device() {
  DeviceDescription device;
  cudaDeviceProp properties;
  check(cudaGetDeviceProperties(&properties, 0), "cudaGetDeviceProperties");
  device.name = properties.name;
  device.compute_capability =
      10 * attribute(cudaDevAttrComputeCapabilityMajor) + attribute(cudaDevAttrComputeCapabilityMinor);
  check(cudaMemGetInfo(&device.free_memory, &device.memory), "cudaMemGetInfo");
  check(cudaDriverGetVersion(&device.driver_version), "cudaDriverGetVersion");
  check(cudaRuntimeGetVersion(&device.runtime_version), "cudaRuntimeGetVersion");
#ifdef MASKTWINS_CUDA_EMULATED
  device.emulated = true;
#endif
  return device;
}

void* allocate(std::size_t bytes) {
  void* memory = nullptr;
  const cudaError_t error = cudaMalloc(&memory, bytes);
  if (error == cudaErrorMemoryAllocation) {
    cudaGetLastError();  // not an error of the calls to come
    return nullptr;
  }
  check(error, "cudaMalloc of " + std::to_string(bytes) + " bytes");
  return memory;
}

void release(void* memory) {
  if (!release_after_recording(memory)) check(cudaFree(memory), "cudaFree");
}

void copy_to_device(void* device, const void* host, std::size_t bytes) {
  check(cudaMemcpyAsync(device, host, bytes, cudaMemcpyHostToDevice, stream()), "copy to the device");
  check(cudaStreamSynchronize(stream()), "copy to the device");
}

void copy_to_host(void* host, const void* device, std::size_t bytes) {
  check(cudaMemcpyAsync(host, device, bytes, cudaMemcpyDeviceToHost, stream()), "copy to the host");
  check(cudaStreamSynchronize(stream()), "copy to the host");
}

void copy_on_device(void* to, const void* from, std::size_t bytes) {
  check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, stream()), "copy on the device");
}

void clear(void* device, std::size_t bytes) {
  check(cudaMemsetAsync(device, 0, bytes, stream()), "clearing memory");
}

void synchronize() { check(cudaStreamSynchronize(stream()), "waiting for the device"); }

void set_scratch_source(const ScratchSource& source) { installed_source() = source; }
const ScratchSource& scratch_source() { return installed_source(); }

}  // namespace masktwins::kernels::cuda

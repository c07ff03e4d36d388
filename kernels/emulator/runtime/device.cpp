// Device queries: one device with the limits of machine/device_limits.h.
#include "kernels/emulator/runtime/device.h"

#include <cstdio>
#include <cstring>

#include "kernels/emulator/machine/device_limits.h"
#include "kernels/emulator/memory/device_heap.h"
#include "kernels/emulator/memory/device_memory.h"
#include "kernels/emulator/runtime/queue.h"

namespace masktwins::emulator {

Device& Device::instance() {
  static Device& device = *new Device;  // used until the process has ended
  return device;
}

cudaError_t& Device::last_error() {
  thread_local cudaError_t error = cudaSuccess;
  return error;
}

void explain(const char* call, const std::string& message) {
  std::fprintf(stderr, "emulated CUDA device: %s: %s\n", call, message.c_str());
}

namespace {

cudaDeviceProp properties() {
  cudaDeviceProp properties{};
  std::strncpy(properties.name, "masktwins emulated device", sizeof properties.name - 1);
  properties.totalGlobalMem = static_cast<size_t>(DeviceMemory::instance().total_bytes());
  properties.sharedMemPerBlock = shared_per_block;
  properties.sharedMemPerBlockOptin = shared_per_block_optin;
  properties.sharedMemPerMultiprocessor = shared_per_multiprocessor;
  properties.reservedSharedMemPerBlock = shared_reserved_per_block;
  properties.regsPerBlock = registers_per_multiprocessor;
  properties.regsPerMultiprocessor = registers_per_multiprocessor;
  properties.warpSize = 32;
  properties.memPitch = 2147483647;
  properties.maxThreadsPerBlock = threads_per_block;
  properties.maxThreadsPerMultiProcessor = threads_per_multiprocessor;
  properties.maxBlocksPerMultiProcessor = blocks_per_multiprocessor;
  properties.maxThreadsDim[0] = properties.maxThreadsDim[1] = block_xy;
  properties.maxThreadsDim[2] = block_z;
  properties.maxGridSize[0] = grid_x;
  properties.maxGridSize[1] = properties.maxGridSize[2] = grid_yz;
  properties.totalConstMem = constant_memory;
  properties.major = compute_major;
  properties.minor = compute_minor;
  properties.textureAlignment = 512;
  properties.multiProcessorCount = multiprocessors;
  properties.canMapHostMemory = 1;
  properties.concurrentKernels = 1;
  properties.cooperativeLaunch = 1;
  properties.asyncEngineCount = 2;
  properties.unifiedAddressing = 1;
  properties.managedMemory = 1;
  properties.concurrentManagedAccess = 1;
  properties.streamPrioritiesSupported = 1;
  properties.l2CacheSize = 4 << 20;
  properties.memoryBusWidth = 256;
  properties.memoryPoolsSupported = 1;
  return properties;
}

int attribute(cudaDeviceAttr which) {
  const cudaDeviceProp device = properties();
  switch (which) {
    case cudaDevAttrMaxThreadsPerBlock: return device.maxThreadsPerBlock;
    case cudaDevAttrMaxBlockDimX: return device.maxThreadsDim[0];
    case cudaDevAttrMaxBlockDimY: return device.maxThreadsDim[1];
    case cudaDevAttrMaxBlockDimZ: return device.maxThreadsDim[2];
    case cudaDevAttrMaxGridDimX: return device.maxGridSize[0];
    case cudaDevAttrMaxGridDimY: return device.maxGridSize[1];
    case cudaDevAttrMaxGridDimZ: return device.maxGridSize[2];
    case cudaDevAttrMaxSharedMemoryPerBlock: return static_cast<int>(device.sharedMemPerBlock);
    case cudaDevAttrMaxSharedMemoryPerBlockOptin: return static_cast<int>(device.sharedMemPerBlockOptin);
    case cudaDevAttrMaxSharedMemoryPerMultiprocessor:
      return static_cast<int>(device.sharedMemPerMultiprocessor);
    case cudaDevAttrReservedSharedMemoryPerBlock: return static_cast<int>(device.reservedSharedMemPerBlock);
    case cudaDevAttrTotalConstantMemory: return static_cast<int>(device.totalConstMem);
    case cudaDevAttrWarpSize: return device.warpSize;
    case cudaDevAttrMaxRegistersPerBlock: return device.regsPerBlock;
    case cudaDevAttrMaxRegistersPerMultiprocessor: return device.regsPerMultiprocessor;
    case cudaDevAttrMultiProcessorCount: return device.multiProcessorCount;
    case cudaDevAttrMaxThreadsPerMultiProcessor: return device.maxThreadsPerMultiProcessor;
    case cudaDevAttrMaxBlocksPerMultiprocessor: return device.maxBlocksPerMultiProcessor;
    case cudaDevAttrComputeCapabilityMajor: return device.major;
    case cudaDevAttrComputeCapabilityMinor: return device.minor;
    case cudaDevAttrL2CacheSize: return device.l2CacheSize;
    case cudaDevAttrGlobalMemoryBusWidth: return device.memoryBusWidth;
    case cudaDevAttrCooperativeLaunch:
    case cudaDevAttrUnifiedAddressing:
    case cudaDevAttrManagedMemory:
    case cudaDevAttrConcurrentKernels:
    case cudaDevAttrMemoryPoolsSupported:
    case cudaDevAttrCanMapHostMemory: return 1;
    case cudaDevAttrAsyncEngineCount: return device.asyncEngineCount;
    case cudaDevAttrClockRate:
    case cudaDevAttrMemoryClockRate: return 1000000;  // kHz, nominal: the emulator has no clock
    default: return 0;
  }
}

}  // namespace
}  // namespace masktwins::emulator

using namespace masktwins::emulator;

cudaError_t cudaGetDeviceCount(int* count) {
  *count = 1;
  return cudaSuccess;
}
cudaError_t cudaGetDevice(int* device) {
  *device = 0;
  return cudaSuccess;
}
cudaError_t cudaSetDevice(int device) {
  return runtime_call("cudaSetDevice", [&] { return device == 0 ? cudaSuccess : cudaErrorInvalidDevice; });
}
cudaError_t cudaInitDevice(int device, unsigned, unsigned) { return cudaSetDevice(device); }
cudaError_t cudaSetDeviceFlags(unsigned) { return cudaSuccess; }
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* result, int device) {
  return runtime_call("cudaGetDeviceProperties", [&] {
    if (device != 0) return cudaErrorInvalidDevice;
    *result = properties();
    return cudaSuccess;
  });
}
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr which, int device) {
  return runtime_call("cudaDeviceGetAttribute", [&] {
    if (device != 0) return cudaErrorInvalidDevice;
    *value = attribute(which);
    return cudaSuccess;
  });
}
// Only the heap has a limit that changes anything here.
cudaError_t cudaDeviceSetLimit(cudaLimit which, size_t value) {
  return runtime_call("cudaDeviceSetLimit", [&] {
    Queue::instance().finish_everything();  // earlier kernels ran under the earlier limit
    if (which == cudaLimitMallocHeapSize) DeviceHeap::instance().set_limit(static_cast<int64_t>(value));
    return cudaSuccess;
  });
}
cudaError_t cudaDeviceGetLimit(size_t* value, cudaLimit which) {
  return runtime_call("cudaDeviceGetLimit", [&] {
    switch (which) {
      case cudaLimitMallocHeapSize: *value = static_cast<size_t>(DeviceHeap::instance().limit()); break;
      case cudaLimitPrintfFifoSize: *value = 1 << 20; break;
      case cudaLimitStackSize: *value = 1024; break;
      default: return cudaErrorUnsupportedLimit;
    }
    return cudaSuccess;
  });
}
cudaError_t cudaDriverGetVersion(int* version) {
  *version = CUDART_VERSION;
  return cudaSuccess;
}
cudaError_t cudaRuntimeGetVersion(int* version) {
  *version = CUDART_VERSION;
  return cudaSuccess;
}
cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  return runtime_call("cudaMemGetInfo", [&] {
    *free = static_cast<size_t>(DeviceMemory::instance().free_bytes());
    *total = static_cast<size_t>(DeviceMemory::instance().total_bytes());
    return cudaSuccess;
  });
}
cudaError_t cudaDeviceGetStreamPriorityRange(int* least, int* greatest) {
  *least = 0;
  *greatest = -5;
  return cudaSuccess;
}
cudaError_t cudaDeviceSynchronize() {
  return runtime_call("cudaDeviceSynchronize", [] {
    Queue& queue = Queue::instance();
    if (queue.refuse_during_capture(Queue::Call::waiting)) return cudaErrorStreamCaptureUnsupported;
    queue.finish_everything();
    return Device::instance().fault();
  });
}
// Allocations survive: their owners may still hold the pointers and free them.
cudaError_t cudaDeviceReset() {
  const std::lock_guard lock(Device::instance().mutex());
  Queue::instance().drop_everything();
  Device::instance().clear_fault();
  Device::last_error() = cudaSuccess;
  return cudaSuccess;
}
cudaError_t cudaGetLastError() {
  const cudaError_t error = cudaPeekAtLastError();
  Device::last_error() = cudaSuccess;
  return error;
}
cudaError_t cudaPeekAtLastError() {
  const cudaError_t fault = Device::instance().fault();
  return fault != cudaSuccess ? fault : Device::last_error();
}

// Kernel launches, kernel attributes and occupancy of the CUDA runtime API.
#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "kernels/emulator/machine/device_limits.h"
#include "kernels/emulator/machine/launch.h"
#include "kernels/emulator/memory/device_memory.h"
#include "kernels/emulator/program/mutation.h"
#include "kernels/emulator/report/observations.h"
#include "kernels/emulator/runtime/device.h"
#include "kernels/emulator/runtime/queue.h"
#include "kernels/emulator/runtime/registration.h"

using namespace masktwins::emulator;

namespace {

// Registers are assigned by ptxas, which the emulator does not run: a nominal number.
constexpr int nominal_registers = 32;

struct Configuration {
  dim3 grid, block;
  size_t shared = 0;
  cudaStream_t stream = nullptr;
  bool cooperative = false;
};
thread_local Configuration pushed;

cudaError_t error_of(FindingKind kind) {
  switch (kind) {
    case FindingKind::out_of_bounds:
    case FindingKind::stack_overflow:
    case FindingKind::pointer_confusion: return cudaErrorIllegalAddress;
    case FindingKind::misaligned: return cudaErrorMisalignedAddress;
    case FindingKind::assertion: return cudaErrorAssert;
    case FindingKind::trap: return cudaErrorLaunchFailure;
    case FindingKind::deadlock: return cudaErrorLaunchTimeout;
    default: return cudaSuccess;  // found by the emulator alone
  }
}

Observations run_as_asked(const Launch& launch) {
  const std::optional<Mutation>& mutation = launch.options.mutation;
  if (!mutation || mutation->kernel != launch.kernel.name) return run(launch);
  const Function kernel = mutated(launch.kernel, *mutation);
  return run({launch.module, kernel, launch.grid, launch.block, launch.parameters, launch.dynamic_shared,
              launch.options, launch.grid_workspace});
}

void run_launch(Launch launch, bool cooperative) {
  launch.options = options();
  if (cooperative) {
    launch.grid_workspace = DeviceMemory::instance().allocate(64, "cudaLaunchCooperativeKernel");
    if (launch.grid_workspace == 0) return Device::instance().fail_with(cudaErrorMemoryAllocation);
    const Allocation& workspace = *DeviceMemory::instance().find(launch.grid_workspace);
    std::memset(workspace.host, 0, static_cast<std::size_t>(workspace.bytes));
  }
  const Observations seen = run_as_asked(launch);
  record(launch, seen);
  if (cooperative) DeviceMemory::instance().release(launch.grid_workspace);
  for (const auto& [key, defect] : seen.defects) Device::instance().fail_with(error_of(key.first));
}

cudaError_t check(const Configuration& configuration, const RegisteredKernel& kernel) {
  const dim3 &grid = configuration.grid, &block = configuration.block;
  const int64_t threads = int64_t{block.x} * block.y * block.z;
  if (grid.x == 0 || grid.y == 0 || grid.z == 0 || threads == 0) return cudaErrorInvalidConfiguration;
  if (grid.x > grid_x || grid.y > grid_yz || grid.z > grid_yz) return cudaErrorInvalidConfiguration;
  if (threads > threads_per_block || block.x > block_xy || block.y > block_xy || block.z > block_z)
    return cudaErrorInvalidConfiguration;
  const int64_t limit =
      std::max(shared_per_block - kernel.function().shared_bytes, kernel.dynamic_shared_limit);
  if (static_cast<int64_t>(configuration.shared) > limit) return cudaErrorInvalidValue;
  return cudaSuccess;
}

int resident_blocks(const RegisteredKernel& kernel, int threads, size_t dynamic_shared) {
  const int64_t warps = (threads + 31) / 32;
  const int64_t shared =
      kernel.function().shared_bytes + static_cast<int64_t>(dynamic_shared) + shared_reserved_per_block;
  const int64_t by_threads = threads_per_multiprocessor / (warps * 32);
  const int64_t by_registers = registers_per_multiprocessor / (warps * 32 * nominal_registers);
  const int64_t by_shared = shared_per_multiprocessor / shared;
  return static_cast<int>(std::min({blocks_per_multiprocessor, by_threads, by_registers, by_shared}));
}

bool all_resident(const Configuration& configuration, const RegisteredKernel& kernel) {
  const dim3 &grid = configuration.grid, &block = configuration.block;
  const int64_t blocks = int64_t{grid.x} * grid.y * grid.z;
  const int threads = static_cast<int>(block.x * block.y * block.z);
  return blocks <= multiprocessors * resident_blocks(kernel, threads, configuration.shared);
}

// A launch then waits for its kernel and returns the kernel's error.
bool launches_block() {
  const char* wanted = std::getenv("CUDA_LAUNCH_BLOCKING");
  return wanted != nullptr && std::string_view(wanted) != "0";
}

cudaError_t launch(const void* host_function, const Configuration& configuration, void** arguments) {
  return runtime_call("kernel launch", [&]() -> cudaError_t {
    const RegisteredKernel* kernel = find_kernel(host_function);
    if (kernel == nullptr) return cudaErrorInvalidDeviceFunction;
    Stream* stream = Queue::instance().find(configuration.stream);
    if (stream == nullptr) return cudaErrorInvalidResourceHandle;
    if (const cudaError_t error = check(configuration, *kernel); error != cudaSuccess) return error;
    if (configuration.cooperative && !all_resident(configuration, *kernel))
      return cudaErrorCooperativeLaunchTooLarge;
    const Function& function = kernel->function();
    std::vector<std::byte> parameters(static_cast<std::size_t>(function.parameter_bytes));
    for (std::size_t i = 0; i < function.parameters.size(); ++i)
      std::memcpy(parameters.data() + function.parameters[i].offset, arguments[i],
                  static_cast<std::size_t>(function.parameters[i].bytes));
    const dim3 &grid = configuration.grid, &block = configuration.block;
    const Launch launch{kernel->image->module(),
                        function,
                        {grid.x, grid.y, grid.z},
                        {block.x, block.y, block.z},
                        std::move(parameters),
                        static_cast<int64_t>(configuration.shared),
                        {},
                        0};
    const cudaError_t added = Queue::instance().add(*stream, NodeKind::kernel, [launch, configuration] {
      run_launch(launch, configuration.cooperative);
    });
    if (added != cudaSuccess || !launches_block() || stream->capture) return added;
    Queue::instance().finish(*stream);
    return Device::instance().fault();
  });
}

}  // namespace

extern "C" {

unsigned __cudaPushCallConfiguration(dim3 grid, dim3 block, size_t shared, void* stream) {
  pushed = {grid, block, shared, static_cast<cudaStream_t>(stream), false};
  return 0;
}
cudaError_t __cudaPopCallConfiguration(dim3* grid, dim3* block, size_t* shared, void* stream) {
  *grid = pushed.grid;
  *block = pushed.block;
  *shared = pushed.shared;
  *static_cast<cudaStream_t*>(stream) = pushed.stream;
  return cudaSuccess;
}
cudaError_t __cudaGetKernel(cudaKernel_t* kernel, const void* host_function) {
  *kernel = static_cast<cudaKernel_t>(const_cast<void*>(host_function));
  return cudaSuccess;
}
cudaError_t __cudaLaunchKernel(cudaKernel_t kernel, dim3 grid, dim3 block, void** arguments, size_t shared,
                               cudaStream_t stream) {
  return launch(kernel, {grid, block, shared, stream, false}, arguments);
}

}  // extern "C"

cudaError_t cudaLaunchKernel(const void* function, dim3 grid, dim3 block, void** arguments, size_t shared,
                             cudaStream_t stream) {
  return launch(function, {grid, block, shared, stream, false}, arguments);
}
cudaError_t cudaLaunchCooperativeKernel(const void* function, dim3 grid, dim3 block, void** arguments,
                                        size_t shared, cudaStream_t stream) {
  return launch(function, {grid, block, shared, stream, true}, arguments);
}
cudaError_t cudaLaunchKernelExC(const cudaLaunchConfig_t* config, const void* function, void** arguments) {
  bool cooperative = false;
  for (unsigned i = 0; i < config->numAttrs; ++i)
    if (config->attrs[i].id == cudaLaunchAttributeCooperative)
      cooperative = config->attrs[i].val.cooperative != 0;
  return launch(function,
                {config->gridDim, config->blockDim, config->dynamicSmemBytes, config->stream, cooperative},
                arguments);
}

cudaError_t cudaFuncSetAttribute(const void* host_function, cudaFuncAttribute attribute, int value) {
  return runtime_call("cudaFuncSetAttribute", [&] {
    RegisteredKernel* kernel = find_kernel(host_function);
    if (kernel == nullptr) return cudaErrorInvalidDeviceFunction;
    if (attribute != cudaFuncAttributeMaxDynamicSharedMemorySize) return cudaSuccess;
    if (value < 0 || value + kernel->function().shared_bytes > shared_per_block_optin)
      return cudaErrorInvalidValue;
    kernel->dynamic_shared_limit = value;
    return cudaSuccess;
  });
}
cudaError_t cudaFuncSetCacheConfig(const void*, cudaFuncCache) { return cudaSuccess; }
cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, const void* host_function) {
  return runtime_call("cudaFuncGetAttributes", [&] {
    const RegisteredKernel* kernel = find_kernel(host_function);
    if (kernel == nullptr) return cudaErrorInvalidDeviceFunction;
    *attributes = {};
    attributes->sharedSizeBytes = static_cast<size_t>(kernel->function().shared_bytes);
    attributes->localSizeBytes = static_cast<size_t>(kernel->function().local_bytes);
    attributes->maxThreadsPerBlock = threads_per_block;
    attributes->numRegs = nominal_registers;
    attributes->ptxVersion = attributes->binaryVersion = 10 * compute_major + compute_minor;
    attributes->maxDynamicSharedSizeBytes = static_cast<int>(
        std::max(shared_per_block - kernel->function().shared_bytes, kernel->dynamic_shared_limit));
    return cudaSuccess;
  });
}
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int* blocks, const void* host_function,
                                                                   int threads, size_t dynamic_shared,
                                                                   unsigned) {
  return runtime_call("cudaOccupancyMaxActiveBlocksPerMultiprocessor", [&] {
    const RegisteredKernel* kernel = find_kernel(host_function);
    if (kernel == nullptr) return cudaErrorInvalidDeviceFunction;
    if (threads <= 0 || threads > threads_per_block) return cudaErrorInvalidValue;
    *blocks = resident_blocks(*kernel, threads, dynamic_shared);
    return cudaSuccess;
  });
}
cudaError_t cudaOccupancyAvailableDynamicSMemPerBlock(size_t* bytes, const void* host_function, int blocks,
                                                      int threads) {
  return runtime_call("cudaOccupancyAvailableDynamicSMemPerBlock", [&] {
    const RegisteredKernel* kernel = find_kernel(host_function);
    if (kernel == nullptr) return cudaErrorInvalidDeviceFunction;
    if (blocks <= 0 || threads <= 0 || threads > threads_per_block) return cudaErrorInvalidValue;
    const int64_t share = shared_per_multiprocessor / blocks - shared_reserved_per_block;
    *bytes = static_cast<size_t>(
        std::max<int64_t>(0, std::min(share, shared_per_block_optin) - kernel->function().shared_bytes));
    return cudaSuccess;
  });
}
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, const void* host_function, int threads,
                                                          size_t dynamic_shared) {
  return cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(blocks, host_function, threads,
                                                                dynamic_shared, 0);
}

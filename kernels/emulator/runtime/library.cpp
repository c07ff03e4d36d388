#include "kernels/emulator/runtime/library.h"

#include "kernels/emulator/emulator.h"
#include "kernels/emulator/memory/device_memory.h"
#include "kernels/emulator/runtime/device.h"

namespace masktwins::emulator {

std::byte* device_bytes(const char* call, const void* pointer, int64_t bytes) {
  const std::lock_guard lock(Device::instance().mutex());
  const DeviceMemory& memory = DeviceMemory::instance();
  const uint64_t address = reinterpret_cast<uint64_t>(pointer);
  const Allocation* allocation = memory.find(address);
  if (allocation != nullptr && allocation->contains(address, bytes))
    return allocation->host + (address - allocation->address);
  std::ostringstream detail;
  if (allocation == nullptr && !memory.in_device_range(address)) {
    detail << "host memory was given for device memory";
    report_host_finding(FindingKind::pointer_confusion, call, detail.str());
  } else {
    detail << bytes << " bytes from " << memory.describe(address);
    report_host_finding(FindingKind::out_of_bounds, call, detail.str());
  }
  return nullptr;
}

bool is_stream(cudaStream_t stream) {
  const std::lock_guard lock(Device::instance().mutex());
  return Queue::instance().find(stream) != nullptr;
}

cudaError_t queue_work(const char* call, cudaStream_t handle, Work work) {
  return runtime_call(call, [&]() -> cudaError_t {
    Stream* stream = Queue::instance().find(handle);
    if (stream == nullptr) return cudaErrorInvalidResourceHandle;
    return Queue::instance().add(*stream, NodeKind::kernel, std::move(work));
  });
}

}  // namespace masktwins::emulator

// Allocation and copies of the CUDA runtime API. Copies check what kind of memory they are given: mixing up
// host and device pointers is a finding, not a crash.
#include <cuda_runtime_api.h>

#include <cstring>
#include <memory>
#include <sstream>

#include "kernels/emulator/emulator.h"
#include "kernels/emulator/memory/device_memory.h"
#include "kernels/emulator/runtime/device.h"
#include "kernels/emulator/runtime/queue.h"
#include "kernels/emulator/runtime/registration.h"

using namespace masktwins::emulator;

namespace {

template <class... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

enum class Side { pageable, pinned, device };

struct Span {
  std::byte* bytes = nullptr;  // as the emulator reaches them
  Side side = Side::pageable;
  bool valid = true;
};

// `length` bytes from the pointer on; a device allocation must hold them all.
Span span(const char* call, const void* pointer, size_t length) {
  const uint64_t address = reinterpret_cast<uint64_t>(pointer);
  const DeviceMemory& memory = DeviceMemory::instance();
  const Allocation* allocation = memory.find(address);
  if (allocation == nullptr && !memory.in_device_range(address))
    return {static_cast<std::byte*>(const_cast<void*>(pointer)), Side::pageable, pointer != nullptr};
  if (allocation == nullptr || !allocation->contains(address, static_cast<int64_t>(length))) {
    report_host_finding(FindingKind::out_of_bounds, call,
                        text(length, " bytes from ", memory.describe(address)));
    return {nullptr, Side::device, false};
  }
  return {allocation->host + (address - allocation->address),
          allocation->on_host ? Side::pinned : Side::device, true};
}

const char* name_of(cudaMemcpyKind kind) {
  switch (kind) {
    case cudaMemcpyHostToHost: return "cudaMemcpyHostToHost";
    case cudaMemcpyHostToDevice: return "cudaMemcpyHostToDevice";
    case cudaMemcpyDeviceToHost: return "cudaMemcpyDeviceToHost";
    case cudaMemcpyDeviceToDevice: return "cudaMemcpyDeviceToDevice";
    case cudaMemcpyDefault: return "cudaMemcpyDefault";
  }
  return "an unknown kind";
}

// Pinned and managed memory counts as both.
bool fits(Side side, bool wants_device) {
  return side == Side::pinned || (side == Side::device) == wants_device;
}

bool direction_fits(const char* call, const Span& to, const Span& from, cudaMemcpyKind kind) {
  if (kind == cudaMemcpyDefault) return true;
  const bool to_device = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
  const bool from_device = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
  const bool to_fits = fits(to.side, to_device);
  if (to_fits && fits(from.side, from_device)) return true;
  const bool is_device = to_fits ? from.side == Side::device : to.side == Side::device;
  report_host_finding(FindingKind::pointer_confusion, call,
                      text("the ", to_fits ? "source" : "destination", " is ", is_device ? "device" : "host",
                           " memory, which does not fit ", name_of(kind)));
  return false;
}

// How rows and layers of one side lie in memory, in bytes between them.
struct Steps {
  size_t row = 0, layer = 0;
};

struct Box {  // rows of `width` bytes
  size_t width = 0, height = 1, depth = 1;
  Steps to, from;

  bool empty() const { return width == 0 || height == 0 || depth == 0; }
  size_t extent(Steps steps) const { return (depth - 1) * steps.layer + (height - 1) * steps.row + width; }
  template <class Body>
  void for_each_row(Body&& body) const {  // body(offset in the target, offset in the source)
    for (size_t layer = 0; layer < depth; ++layer)
      for (size_t row = 0; row < height; ++row)
        body(layer * to.layer + row * to.row, layer * from.layer + row * from.row);
  }
};

cudaError_t copy(const char* call, void* to, const void* from, const Box& area, cudaMemcpyKind kind,
                 cudaStream_t handle, bool wait) {
  return runtime_call(call, [&]() -> cudaError_t {
    Queue& queue = Queue::instance();
    Stream* stream = queue.find(handle);
    if (stream == nullptr) return cudaErrorInvalidResourceHandle;
    if (wait && queue.refuse_during_capture()) return cudaErrorStreamCaptureImplicit;
    if (area.empty()) return cudaSuccess;
    const Span target = span(call, to, area.extent(area.to));
    const Span source = span(call, from, area.extent(area.from));
    if (!target.valid || !source.valid || !direction_fits(call, target, source, kind))
      return cudaErrorInvalidValue;
    // A pageable source is copied away before an asynchronous call returns; a pageable target is filled by
    // then.
    const bool staged = !wait && !stream->capture && source.side == Side::pageable;
    const bool immediate = wait || (!stream->capture && target.side == Side::pageable);
    std::shared_ptr<std::vector<std::byte>> stage;
    if (staged)
      stage = std::make_shared<std::vector<std::byte>>(source.bytes, source.bytes + area.extent(area.from));
    const cudaError_t added = queue.add(*stream, NodeKind::copy, [=] {
      const std::byte* bytes = stage ? stage->data() : source.bytes;
      area.for_each_row([&](size_t target_row, size_t source_row) {
        std::memmove(target.bytes + target_row, bytes + source_row, area.width);
      });
    });
    if (added != cudaSuccess) return added;
    if (immediate) queue.finish(*stream);
    return Device::instance().fault();
  });
}

cudaError_t fill(const char* call, void* to, int value, const Box& area, cudaStream_t handle, bool wait) {
  return runtime_call(call, [&]() -> cudaError_t {
    Stream* stream = Queue::instance().find(handle);
    if (stream == nullptr) return cudaErrorInvalidResourceHandle;
    if (area.empty()) return cudaSuccess;
    const Span target = span(call, to, area.extent(area.to));
    if (!target.valid) return cudaErrorInvalidValue;
    if (target.side == Side::pageable) {
      report_host_finding(FindingKind::pointer_confusion, call, "the destination is host memory");
      return cudaErrorInvalidValue;
    }
    const cudaError_t added = Queue::instance().add(*stream, NodeKind::fill, [=] {
      area.for_each_row([&](size_t row, size_t) { std::memset(target.bytes + row, value, area.width); });
    });
    if (added == cudaSuccess && wait) Queue::instance().finish(*stream);
    return added == cudaSuccess ? Device::instance().fault() : added;
  });
}

Box line(size_t bytes) { return {bytes, 1, 1, {}, {}}; }
Box rectangle(size_t width, size_t height, size_t to_pitch, size_t from_pitch) {
  return {width, height, 1, {to_pitch, 0}, {from_pitch, 0}};
}

Steps steps_of(const cudaPitchedPtr& pitched) { return {pitched.pitch, pitched.pitch * pitched.ysize}; }
Box volume(const cudaExtent& extent, const cudaPitchedPtr& to, const cudaPitchedPtr& from) {
  return {extent.width, extent.height, extent.depth, steps_of(to), steps_of(from)};
}

cudaError_t copy_volume(const char* call, const cudaMemcpy3DParms& what, cudaStream_t stream, bool wait) {
  if (what.srcArray != nullptr || what.dstArray != nullptr) {
    explain(call, "arrays are not known; only pitched memory is");
    return cudaErrorNotSupported;
  }
  const auto begin = [](const cudaPitchedPtr& pitched, const cudaPos& position) {
    const Steps steps = steps_of(pitched);
    return static_cast<char*>(pitched.ptr) + position.z * steps.layer + position.y * steps.row + position.x;
  };
  return copy(call, begin(what.dstPtr, what.dstPos), begin(what.srcPtr, what.srcPos),
              volume(what.extent, what.dstPtr, what.srcPtr), what.kind, stream, wait);
}

// Frees wait for all work, as the device's own do.
template <class Release>
cudaError_t release(const char* call, void* pointer, Release&& body) {
  return runtime_call(call, [&] {
    if (pointer == nullptr) return cudaSuccess;
    if (Queue::instance().refuse_during_capture()) return cudaErrorStreamCaptureUnsupported;
    Queue::instance().finish_everything();
    return body() ? cudaSuccess : cudaErrorInvalidValue;
  });
}

cudaError_t allocate_host(const char* call, void** pointer, size_t bytes) {
  return runtime_call(call, [&] {
    *pointer =
        bytes == 0 ? nullptr : DeviceMemory::instance().allocate_on_host(static_cast<int64_t>(bytes), call);
    return *pointer == nullptr && bytes != 0 ? cudaErrorMemoryAllocation : cudaSuccess;
  });
}

}  // namespace

cudaError_t cudaMalloc(void** pointer, size_t bytes) {
  return runtime_call("cudaMalloc", [&] {
    *pointer = nullptr;
    if (bytes == 0) return cudaSuccess;
    if (Queue::instance().refuse_during_capture()) return cudaErrorStreamCaptureUnsupported;
    const uint64_t address = DeviceMemory::instance().allocate(static_cast<int64_t>(bytes), "cudaMalloc");
    if (address == 0) return cudaErrorMemoryAllocation;
    *pointer = reinterpret_cast<void*>(address);
    return cudaSuccess;
  });
}
// Rows begin at multiples of the alignment that the device's own pitch has.
cudaError_t cudaMallocPitch(void** pointer, size_t* pitch, size_t width, size_t height) {
  constexpr size_t row_alignment = 512;
  *pitch = (width + row_alignment - 1) / row_alignment * row_alignment;
  return cudaMalloc(pointer, *pitch * height);
}
cudaError_t cudaFree(void* pointer) {
  return release("cudaFree", pointer, [&] {
    DeviceMemory& memory = DeviceMemory::instance();
    return memory.release(reinterpret_cast<uint64_t>(pointer)) || memory.release_on_host(pointer);
  });
}
cudaError_t cudaMallocAsync(void** pointer, size_t bytes, cudaStream_t) { return cudaMalloc(pointer, bytes); }
cudaError_t cudaFreeAsync(void* pointer, cudaStream_t handle) {
  return runtime_call("cudaFreeAsync", [&] {
    Stream* stream = Queue::instance().find(handle);
    if (stream == nullptr) return cudaErrorInvalidResourceHandle;
    return Queue::instance().add(*stream, NodeKind::release, [=] {
      DeviceMemory::instance().release(reinterpret_cast<uint64_t>(pointer));
    });
  });
}
cudaError_t cudaMallocHost(void** pointer, size_t bytes) {
  return allocate_host("cudaMallocHost", pointer, bytes);
}
cudaError_t cudaHostAlloc(void** pointer, size_t bytes, unsigned) {
  return allocate_host("cudaHostAlloc", pointer, bytes);
}
cudaError_t cudaMallocManaged(void** pointer, size_t bytes, unsigned) {
  return allocate_host("cudaMallocManaged", pointer, bytes);
}
cudaError_t cudaFreeHost(void* pointer) {
  return release("cudaFreeHost", pointer, [&] { return DeviceMemory::instance().release_on_host(pointer); });
}
cudaError_t cudaHostRegister(void* pointer, size_t bytes, unsigned) {
  return runtime_call("cudaHostRegister", [&] {
    if (pointer == nullptr || bytes == 0) return cudaErrorInvalidValue;
    return DeviceMemory::instance().lend(pointer, static_cast<int64_t>(bytes), "cudaHostRegister")
               ? cudaSuccess
               : cudaErrorHostMemoryAlreadyRegistered;
  });
}
cudaError_t cudaHostUnregister(void* pointer) {
  return runtime_call("cudaHostUnregister", [&] {
    Queue::instance().finish_everything();
    return DeviceMemory::instance().take_back(pointer) ? cudaSuccess : cudaErrorHostMemoryNotRegistered;
  });
}
cudaError_t cudaHostGetFlags(unsigned* flags, void*) {
  *flags = cudaHostAllocMapped;
  return cudaSuccess;
}
cudaError_t cudaHostGetDevicePointer(void** device, void* host, unsigned) {
  *device = host;
  return cudaSuccess;
}

cudaError_t cudaMemcpy(void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
  return copy("cudaMemcpy", to, from, line(bytes), kind, nullptr, true);
}
cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  return copy("cudaMemcpyAsync", to, from, line(bytes), kind, stream, false);
}
cudaError_t cudaMemcpy2D(void* to, size_t to_pitch, const void* from, size_t from_pitch, size_t width,
                         size_t height, cudaMemcpyKind kind) {
  if (width > to_pitch || width > from_pitch) return cudaErrorInvalidPitchValue;
  return copy("cudaMemcpy2D", to, from, rectangle(width, height, to_pitch, from_pitch), kind, nullptr, true);
}
cudaError_t cudaMemcpy2DAsync(void* to, size_t to_pitch, const void* from, size_t from_pitch, size_t width,
                              size_t height, cudaMemcpyKind kind, cudaStream_t stream) {
  if (width > to_pitch || width > from_pitch) return cudaErrorInvalidPitchValue;
  return copy("cudaMemcpy2DAsync", to, from, rectangle(width, height, to_pitch, from_pitch), kind, stream,
              false);
}
cudaError_t cudaMemset(void* to, int value, size_t bytes) {
  return fill("cudaMemset", to, value, line(bytes), nullptr, true);
}
cudaError_t cudaMemsetAsync(void* to, int value, size_t bytes, cudaStream_t stream) {
  return fill("cudaMemsetAsync", to, value, line(bytes), stream, false);
}
cudaError_t cudaMemset2D(void* to, size_t pitch, int value, size_t width, size_t height) {
  return fill("cudaMemset2D", to, value, rectangle(width, height, pitch, 0), nullptr, true);
}
cudaError_t cudaMemset2DAsync(void* to, size_t pitch, int value, size_t width, size_t height,
                              cudaStream_t stream) {
  return fill("cudaMemset2DAsync", to, value, rectangle(width, height, pitch, 0), stream, false);
}
cudaError_t cudaMemcpyPeer(void* to, int, const void* from, int, size_t bytes) {  // there is one device
  return copy("cudaMemcpyPeer", to, from, line(bytes), cudaMemcpyDeviceToDevice, nullptr, true);
}

// Volumes of pitched memory; arrays of textures are not known.
cudaError_t cudaMalloc3D(cudaPitchedPtr* pitched, cudaExtent extent) {
  pitched->xsize = extent.width;
  pitched->ysize = extent.height;
  return cudaMallocPitch(&pitched->ptr, &pitched->pitch, extent.width, extent.height * extent.depth);
}
cudaError_t cudaMemset3D(cudaPitchedPtr to, int value, cudaExtent extent) {
  return fill("cudaMemset3D", to.ptr, value, volume(extent, to, {}), nullptr, true);
}
cudaError_t cudaMemset3DAsync(cudaPitchedPtr to, int value, cudaExtent extent, cudaStream_t stream) {
  return fill("cudaMemset3DAsync", to.ptr, value, volume(extent, to, {}), stream, false);
}
cudaError_t cudaMemcpy3D(const cudaMemcpy3DParms* what) {
  return copy_volume("cudaMemcpy3D", *what, nullptr, true);
}
cudaError_t cudaMemcpy3DAsync(const cudaMemcpy3DParms* what, cudaStream_t stream) {
  return copy_volume("cudaMemcpy3DAsync", *what, stream, false);
}

cudaError_t cudaGetSymbolAddress(void** pointer, const void* symbol) {
  return runtime_call("cudaGetSymbolAddress", [&] {
    const GlobalVariable* variable = find_variable(symbol);
    if (variable == nullptr) return cudaErrorInvalidSymbol;
    *pointer = reinterpret_cast<void*>(variable->address);
    return cudaSuccess;
  });
}
cudaError_t cudaGetSymbolSize(size_t* bytes, const void* symbol) {
  return runtime_call("cudaGetSymbolSize", [&] {
    const GlobalVariable* variable = find_variable(symbol);
    if (variable == nullptr) return cudaErrorInvalidSymbol;
    *bytes = static_cast<size_t>(variable->bytes);
    return cudaSuccess;
  });
}
cudaError_t cudaMemcpyToSymbol(const void* symbol, const void* from, size_t bytes, size_t offset,
                               cudaMemcpyKind kind) {
  void* address = nullptr;
  if (const cudaError_t error = cudaGetSymbolAddress(&address, symbol); error != cudaSuccess) return error;
  return copy("cudaMemcpyToSymbol", static_cast<char*>(address) + offset, from, line(bytes), kind, nullptr,
              true);
}
cudaError_t cudaMemcpyFromSymbol(void* to, const void* symbol, size_t bytes, size_t offset,
                                 cudaMemcpyKind kind) {
  void* address = nullptr;
  if (const cudaError_t error = cudaGetSymbolAddress(&address, symbol); error != cudaSuccess) return error;
  return copy("cudaMemcpyFromSymbol", to, static_cast<char*>(address) + offset, line(bytes), kind, nullptr,
              true);
}
cudaError_t cudaMemcpyFromSymbolAsync(void* to, const void* symbol, size_t bytes, size_t offset,
                                      cudaMemcpyKind kind, cudaStream_t stream) {
  void* address = nullptr;
  if (const cudaError_t error = cudaGetSymbolAddress(&address, symbol); error != cudaSuccess) return error;
  return copy("cudaMemcpyFromSymbolAsync", to, static_cast<char*>(address) + offset, line(bytes), kind,
              stream, false);
}
cudaError_t cudaMemcpyToSymbolAsync(const void* symbol, const void* from, size_t bytes, size_t offset,
                                    cudaMemcpyKind kind, cudaStream_t stream) {
  void* address = nullptr;
  if (const cudaError_t error = cudaGetSymbolAddress(&address, symbol); error != cudaSuccess) return error;
  return copy("cudaMemcpyToSymbolAsync", static_cast<char*>(address) + offset, from, line(bytes), kind,
              stream, false);
}

cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void* pointer) {
  return runtime_call("cudaPointerGetAttributes", [&] {
    *attributes = {};
    const Allocation* allocation = DeviceMemory::instance().find(reinterpret_cast<uint64_t>(pointer));
    attributes->type = cudaMemoryTypeUnregistered;
    if (allocation == nullptr) {
      attributes->device = -1;
      return cudaSuccess;
    }
    attributes->type = !allocation->on_host                      ? cudaMemoryTypeDevice
                       : allocation->name == "cudaMallocManaged" ? cudaMemoryTypeManaged
                                                                 : cudaMemoryTypeHost;
    attributes->devicePointer = const_cast<void*>(pointer);
    attributes->hostPointer = allocation->on_host ? const_cast<void*>(pointer) : nullptr;
    return cudaSuccess;
  });
}

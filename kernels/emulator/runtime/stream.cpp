// Streams and events of the CUDA runtime API.
#include <chrono>

#include "kernels/emulator/runtime/device.h"
#include "kernels/emulator/runtime/queue.h"

using namespace masktwins::emulator;

namespace {

Event& event_of(cudaEvent_t handle) { return *reinterpret_cast<Event*>(handle); }

// body(stream), or the error for an unknown handle.
template <class Body>
cudaError_t with_stream(const char* name, cudaStream_t handle, Body&& body) {
  return runtime_call(name, [&]() -> cudaError_t {
    Stream* stream = Queue::instance().find(handle);
    return stream == nullptr ? cudaErrorInvalidResourceHandle : body(*stream);
  });
}

// Asking about, or waiting for, a stream that is being captured ends the capture.
bool break_capture(Stream& stream) {
  if (!stream.capture) return false;
  stream.capture->invalidated = true;
  return true;
}

}  // namespace

cudaError_t cudaStreamCreateWithPriority(cudaStream_t* stream, unsigned flags, int priority) {
  return runtime_call("cudaStreamCreate", [&] {
    *stream = Queue::instance().create_stream((flags & cudaStreamNonBlocking) == 0, priority);
    return cudaSuccess;
  });
}
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) {
  return cudaStreamCreateWithPriority(stream, flags, 0);
}
cudaError_t cudaStreamCreate(cudaStream_t* stream) {
  return cudaStreamCreateWithFlags(stream, cudaStreamDefault);
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  return runtime_call("cudaStreamDestroy", [&] {
    return Queue::instance().destroy_stream(stream) ? cudaSuccess : cudaErrorInvalidResourceHandle;
  });
}
cudaError_t cudaStreamGetPriority(cudaStream_t handle, int* priority) {
  return with_stream("cudaStreamGetPriority", handle, [&](Stream& stream) {
    *priority = stream.priority;
    return cudaSuccess;
  });
}
cudaError_t cudaStreamGetFlags(cudaStream_t handle, unsigned* flags) {
  return with_stream("cudaStreamGetFlags", handle, [&](Stream& stream) {
    *flags = stream.blocking ? cudaStreamDefault : cudaStreamNonBlocking;
    return cudaSuccess;
  });
}
cudaError_t cudaStreamSynchronize(cudaStream_t handle) {
  return with_stream("cudaStreamSynchronize", handle, [](Stream& stream) {
    if (break_capture(stream)) return cudaErrorStreamCaptureUnsupported;
    Queue::instance().finish(stream);
    return Device::instance().fault();
  });
}
cudaError_t cudaStreamQuery(cudaStream_t handle) {
  return with_stream("cudaStreamQuery", handle, [](Stream& stream) {
    if (break_capture(stream)) return cudaErrorStreamCaptureUnsupported;
    if (stream.operations.empty()) return cudaSuccess;
    Queue::instance().finish(stream);  // so that a loop of queries ends; this time it was not ready
    return cudaErrorNotReady;
  });
}
cudaError_t cudaStreamWaitEvent(cudaStream_t handle, cudaEvent_t event, unsigned) {
  return with_stream("cudaStreamWaitEvent", handle,
                     [&](Stream& stream) { return Queue::instance().wait(stream, event_of(event)); });
}
cudaError_t cudaLaunchHostFunc(cudaStream_t handle, cudaHostFn_t function, void* argument) {
  return with_stream("cudaLaunchHostFunc", handle, [&](Stream& stream) {
    return Queue::instance().add(stream, NodeKind::host_function, [=] { function(argument); });
  });
}
cudaError_t cudaStreamAddCallback(cudaStream_t handle, cudaStreamCallback_t function, void* argument,
                                  unsigned) {
  return with_stream("cudaStreamAddCallback", handle, [&](Stream& stream) {
    return Queue::instance().add(stream, NodeKind::host_function,
                                 [=] { function(handle, Device::instance().fault(), argument); });
  });
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags) {
  return runtime_call("cudaEventCreate", [&] {
    auto* created = new Event;
    created->timed = (flags & cudaEventDisableTiming) == 0;
    *event = reinterpret_cast<cudaEvent_t>(created);
    return cudaSuccess;
  });
}
cudaError_t cudaEventCreate(cudaEvent_t* event) { return cudaEventCreateWithFlags(event, cudaEventDefault); }
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  return runtime_call("cudaEventDestroy", [&] {
    delete &event_of(event);
    return cudaSuccess;
  });
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t handle) {
  return with_stream("cudaEventRecord", handle,
                     [&](Stream& stream) { return Queue::instance().record(stream, event_of(event)); });
}
cudaError_t cudaEventRecordWithFlags(cudaEvent_t event, cudaStream_t handle, unsigned) {
  return cudaEventRecord(event, handle);
}
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  return runtime_call("cudaEventSynchronize", [&] {
    if (event_of(event).capture) return cudaErrorCapturedEvent;
    if (event_of(event).marker) Queue::instance().finish(event_of(event).marker);
    return Device::instance().fault();
  });
}
cudaError_t cudaEventQuery(cudaEvent_t event) {
  return runtime_call("cudaEventQuery", [&] {
    const auto marker = event_of(event).marker;
    if (event_of(event).capture) return cudaErrorCapturedEvent;
    if (!marker || marker->done) return cudaSuccess;
    Queue::instance().finish(marker);
    return cudaErrorNotReady;
  });
}
// The time the emulator took, which says nothing about a device.
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t begin, cudaEvent_t end) {
  return runtime_call("cudaEventElapsedTime", [&] {
    const Event &first = event_of(begin), &last = event_of(end);
    if (!first.timed || !last.timed || !first.marker || !last.marker) return cudaErrorInvalidResourceHandle;
    if (!first.marker->done || !last.marker->done) return cudaErrorNotReady;
    *milliseconds = std::chrono::duration<float, std::milli>(last.marker->time - first.marker->time).count();
    return cudaSuccess;
  });
}

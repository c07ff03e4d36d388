// What the stand-ins for CUDA's libraries share: device memory, queued work, live handles, refusals.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <sstream>
#include <string>

#include "kernels/emulator/runtime/queue.h"

namespace masktwins::emulator {

// `bytes` of device memory from the pointer on, as the emulator reaches them; null, with a finding, if it is
// host memory or ends too early.
std::byte* device_bytes(const char* call, const void* pointer, int64_t bytes);

bool is_stream(cudaStream_t stream);

// Queues work like a kernel launch, or adds it to the graph that the stream is being captured into.
cudaError_t queue_work(const char* call, cudaStream_t stream, Work work);

// Why a library call is not carried out.
template <class Status>
struct Refusal {
  Status status;
  std::string why;
};

template <class Status, class... Parts>
[[noreturn]] void refuse(Status status, const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  throw Refusal<Status>{status, text.str()};
}

// Handles and descriptors that the program has created and not destroyed.
template <class Object>
class LiveObjects {
 public:
  static LiveObjects& instance() {
    static LiveObjects& objects = *new LiveObjects;  // some are destroyed when the program ends
    return objects;
  }
  Object* create() { return objects_.insert(std::make_unique<Object>()).first->get(); }
  bool destroy(const Object* object) {
    return std::erase_if(objects_, [&](const auto& live) { return live.get() == object; }) > 0;
  }
  bool contains(const Object* object) const {
    for (const auto& live : objects_)
      if (live.get() == object) return true;
    return false;
  }

 private:
  std::set<std::unique_ptr<Object>> objects_;
};

}  // namespace masktwins::emulator

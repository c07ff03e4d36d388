#include "kernels/common/upload.h"

#include "kernels/common/stream.h"

namespace masktwins::kernels::cuda {
namespace {

cudaStream_t copy_stream() {
  static const cudaStream_t created = [] {
    cudaStream_t stream = nullptr;
    check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "cudaStreamCreate");
    return stream;
  }();
  return created;
}

cudaEvent_t new_event() {
  cudaEvent_t event = nullptr;
  check(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "cudaEventCreate");
  return event;
}

}  // namespace

struct Upload::State {
  std::size_t bytes;
  void* host = nullptr;
  cudaEvent_t copied = new_event(), used = new_event();
};

Upload::Upload(std::size_t bytes) : state_(new State{.bytes = bytes}) {
  check(cudaMallocHost(&state_->host, bytes), "pinned memory of " + std::to_string(bytes) + " bytes");
}

Upload::~Upload() {
  cudaEventSynchronize(state_->copied);
  cudaEventDestroy(state_->copied);
  cudaEventDestroy(state_->used);
  cudaFreeHost(state_->host);
  delete state_;
}

void* Upload::host() {
  check(cudaEventSynchronize(state_->copied), "waiting for a copy to the device");
  return state_->host;
}

void Upload::start(void* device) {
  check(cudaStreamWaitEvent(copy_stream(), state_->used, 0), "ordering a copy");
  check(cudaMemcpyAsync(device, state_->host, state_->bytes, cudaMemcpyHostToDevice, copy_stream()),
        "copy to the device");
  check(cudaEventRecord(state_->copied, copy_stream()), "ordering a copy");
  check(cudaStreamWaitEvent(stream(), state_->copied, 0), "ordering a copy");
}

void Upload::used() { check(cudaEventRecord(state_->used, stream()), "ordering a copy"); }

}  // namespace masktwins::kernels::cuda

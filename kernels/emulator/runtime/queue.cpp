#include "kernels/emulator/runtime/queue.h"

#include <algorithm>

#include "kernels/emulator/emulator.h"
#include "kernels/emulator/runtime/device.h"

namespace masktwins::emulator {
namespace {

constexpr std::size_t longest_stream = 1 << 16;  // operations; more are run at once, to bound what they hold

}  // namespace

Queue& Queue::instance() {
  static Queue& queue = *new Queue;  // work may be left when the program ends
  return queue;
}

Stream* Queue::find(cudaStream_t handle) {
  if (handle == nullptr || handle == cudaStreamLegacy) return &legacy_;
  if (handle == cudaStreamPerThread) return &per_thread_;
  for (const auto& stream : streams_)
    if (reinterpret_cast<cudaStream_t>(stream.get()) == handle && !destroyed_.contains(stream.get()))
      return stream.get();
  return nullptr;
}

cudaStream_t Queue::create_stream(bool blocking, int priority) {
  streams_.push_back(std::make_unique<Stream>());
  streams_.back()->blocking = blocking;
  streams_.back()->priority = priority;
  return reinterpret_cast<cudaStream_t>(streams_.back().get());
}

bool Queue::destroy_stream(cudaStream_t handle) {
  Stream* stream = find(handle);
  if (stream == nullptr || stream == &legacy_ || stream == &per_thread_) return false;
  destroyed_.insert(stream);
  return true;
}

cudaError_t Queue::add(Stream& stream, NodeKind kind, Work work) {
  if (stream.capture) {
    if (stream.capture->invalidated) return cudaErrorStreamCaptureInvalidated;
    Graph& graph = stream.capture->graph;
    graph.nodes.push_back({kind, std::move(work), stream.capture_tail});
    stream.capture_tail = {graph.nodes.size() - 1};
    return cudaSuccess;
  }
  if (&stream == &legacy_ && refuse_during_capture()) return cudaErrorStreamCaptureImplicit;
  enqueue(stream, {std::move(work), {}, nullptr, 0});
  return cudaSuccess;
}

void Queue::enqueue(Stream& stream, Operation operation) {
  operation.sequence = ++sequence_;
  stream.operations.push_back(std::move(operation));
  if (stream.operations.size() > longest_stream) finish(stream);
}

cudaError_t Queue::record(Stream& stream, Event& event) {
  event.capture = stream.capture;
  event.capture_tail = stream.capture_tail;
  if (stream.capture) return cudaSuccess;
  event.marker = std::make_shared<Marker>();
  enqueue(stream, {nullptr, {}, event.marker, 0});
  return cudaSuccess;
}

cudaError_t Queue::wait(Stream& stream, const Event& event) {
  if (event.capture) {
    if (stream.capture && stream.capture != event.capture) return cudaErrorStreamCaptureMerge;
    stream.capture = event.capture;
    for (const std::size_t node : event.capture_tail)
      if (std::find(stream.capture_tail.begin(), stream.capture_tail.end(), node) ==
          stream.capture_tail.end())
        stream.capture_tail.push_back(node);
    return cudaSuccess;
  }
  if (stream.capture) return cudaErrorStreamCaptureIsolation;
  if (event.marker && !event.marker->done) enqueue(stream, {nullptr, {event.marker}, nullptr, 0});
  return cudaSuccess;
}

bool Queue::may_run(const Stream& stream) const {
  if (stream.operations.empty()) return false;
  const Operation& operation = stream.operations.front();
  for (const auto& marker : operation.waits)
    if (!marker->done) return false;
  // What the legacy stream was given later waits for all blocking streams, and they for it.
  const auto earlier_in = [&](const Stream& other) {
    return &other != &stream && other.blocking && !other.operations.empty() &&
           other.operations.front().sequence < operation.sequence;
  };
  if (&stream == &legacy_)
    return !earlier_in(per_thread_) && std::none_of(streams_.begin(), streams_.end(),
                                                    [&](const auto& other) { return earlier_in(*other); });
  return !stream.blocking || !earlier_in(legacy_);
}

Stream* Queue::next_stream() {
  std::vector<Stream*> candidates;
  const auto consider = [&](Stream& stream) {
    if (may_run(stream)) candidates.push_back(&stream);
  };
  consider(legacy_);
  consider(per_thread_);
  for (const auto& stream : streams_) consider(*stream);
  if (candidates.empty()) return nullptr;
  if (options().seed != 0) return candidates[random_() % candidates.size()];
  return *std::min_element(candidates.begin(), candidates.end(), [](const Stream* a, const Stream* b) {
    return a->operations.front().sequence < b->operations.front().sequence;
  });
}

template <class Done>
void Queue::run_until(Done&& done) {
  while (!done()) {
    Stream* stream = next_stream();
    if (stream == nullptr) return;
    const Operation operation = std::move(stream->operations.front());
    stream->operations.pop_front();
    // After a kernel has failed nothing more is run, but whoever waits is released.
    if (operation.work && Device::instance().fault() == cudaSuccess) operation.work();
    if (operation.marks) {
      operation.marks->done = true;
      operation.marks->time = std::chrono::steady_clock::now();
    }
    if (stream->operations.empty() && destroyed_.erase(stream) > 0)
      std::erase_if(streams_, [&](const auto& other) { return other.get() == stream; });
  }
}

void Queue::finish(Stream& stream) {
  run_until([&] { return stream.operations.empty(); });
}
void Queue::finish(const std::shared_ptr<Marker>& marker) {
  run_until([&] { return marker->done; });
}
void Queue::finish_everything() {
  run_until([] { return false; });
}

void Queue::drop_everything() {
  for (Stream* stream : {&legacy_, &per_thread_}) *stream = Stream();
  std::erase_if(streams_, [&](const auto& stream) { return destroyed_.contains(stream.get()); });
  destroyed_.clear();
  for (const auto& stream : streams_) {
    stream->operations.clear();
    stream->capture.reset();
    stream->capture_tail.clear();
  }
}

cudaError_t Queue::begin_capture(Stream& stream, cudaStreamCaptureMode mode) {
  if (&stream == &legacy_) return cudaErrorStreamCaptureUnsupported;
  if (stream.capture) return cudaErrorIllegalState;
  stream.capture = std::make_shared<Capture>();
  stream.capture->mode = mode;
  stream.capture_origin = true;
  stream.capture_tail.clear();
  return cudaSuccess;
}

cudaError_t Queue::end_capture(Stream& stream, Graph& graph) {
  if (!stream.capture) return cudaErrorIllegalState;
  if (!stream.capture_origin) return cudaErrorStreamCaptureUnmatched;
  const std::shared_ptr<Capture> capture = stream.capture;
  // Every node that nothing follows must have been joined back into the first stream.
  std::set<std::size_t> followed;
  for (const Graph::Node& node : capture->graph.nodes) followed.insert(node.after.begin(), node.after.end());
  bool joined = true;
  for (std::size_t node = 0; node < capture->graph.nodes.size(); ++node)
    if (!followed.contains(node) &&
        std::find(stream.capture_tail.begin(), stream.capture_tail.end(), node) == stream.capture_tail.end())
      joined = false;
  leave_capture(capture);
  if (capture->invalidated) return cudaErrorStreamCaptureInvalidated;
  if (!joined) return cudaErrorStreamCaptureUnjoined;
  graph = std::move(capture->graph);
  return cudaSuccess;
}

void Queue::leave_capture(const std::shared_ptr<Capture>& capture) {
  const auto leave = [&](Stream& stream) {
    if (stream.capture != capture) return;
    stream.capture.reset();
    stream.capture_origin = false;
    stream.capture_tail.clear();
  };
  leave(per_thread_);
  for (const auto& stream : streams_) leave(*stream);
}

bool Queue::refuse_during_capture(Call call) {
  bool refused = false;
  const auto invalidate = [&](Stream& stream) {
    if (!stream.capture) return;
    if (call == Call::unsafe && stream.capture->mode == cudaStreamCaptureModeRelaxed) return;
    stream.capture->invalidated = true;
    refused = true;
  };
  invalidate(per_thread_);
  for (const auto& stream : streams_) invalidate(*stream);
  return refused;
}

void Queue::run(const Graph& graph) {
  std::vector<bool> done(graph.nodes.size(), false);
  const auto ready = [&](std::size_t node) {
    const auto& after = graph.nodes[node].after;
    return !done[node] &&
           std::all_of(after.begin(), after.end(), [&](std::size_t other) { return done[other]; });
  };
  for (std::size_t left = graph.nodes.size(); left > 0; --left) {
    std::size_t node = options().seed != 0 ? random_() % graph.nodes.size() : 0;
    while (!ready(node)) node = (node + 1) % graph.nodes.size();
    done[node] = true;
    if (Device::instance().fault() == cudaSuccess) graph.nodes[node].work();
  }
}

}  // namespace masktwins::emulator

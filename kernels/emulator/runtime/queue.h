// Streams, events and captured graphs: work that the host has asked for and that has not run yet.
//
// Nothing runs until the host waits for something, so a forgotten synchronisation reads old bytes. Then the
// first operations of the streams compete: in the order they were asked for, or, with Options::seed, in an
// order drawn at random within the rules of streams and events (CUDA Programming Guide, "Asynchronous
// Concurrent Execution").
#pragma once

#include <cuda_runtime_api.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <random>
#include <set>
#include <vector>

namespace masktwins::emulator {

using Work = std::function<void()>;

// A point in a stream's work that has been passed or not.
struct Marker {
  bool done = false;
  std::chrono::steady_clock::time_point time;
};

enum class NodeKind { kernel, copy, fill, host_function, release };

// Work as captured: nodes in an order that respects their dependencies.
struct Graph {
  struct Node {
    NodeKind kind;
    Work work;
    std::vector<std::size_t> after;
  };
  std::vector<Node> nodes;
};

// A capture under way; the streams that take part share it.
struct Capture {
  Graph graph;
  cudaStreamCaptureMode mode = cudaStreamCaptureModeGlobal;
  bool invalidated = false;
};

struct Operation {
  Work work;
  std::vector<std::shared_ptr<Marker>> waits;
  std::shared_ptr<Marker> marks;
  uint64_t sequence = 0;
};

struct Stream {
  bool blocking = true;  // waits for the legacy default stream and is waited for by it
  int priority = 0;
  std::deque<Operation> operations;
  std::shared_ptr<Capture> capture;
  bool capture_origin = false;
  std::vector<std::size_t> capture_tail;  // nodes the next captured one depends on
};

struct Event {
  bool timed = true;
  std::shared_ptr<Marker> marker;    // of the latest record
  std::shared_ptr<Capture> capture;  // recorded while capturing
  std::vector<std::size_t> capture_tail;
};

class Queue {
 public:
  static Queue& instance();

  // Null handles and the special ones mean the default streams; null if the handle is unknown.
  Stream* find(cudaStream_t handle);
  Stream& legacy() { return legacy_; }
  cudaStream_t create_stream(bool blocking, int priority);
  bool destroy_stream(cudaStream_t handle);  // its work still runs

  // Adds work to a stream, or to the graph the stream is being captured into.
  cudaError_t add(Stream& stream, NodeKind kind, Work work);
  cudaError_t record(Stream& stream, Event& event);
  cudaError_t wait(Stream& stream, const Event& event);

  void finish(Stream& stream);
  void finish(const std::shared_ptr<Marker>& marker);
  void finish_everything();
  void drop_everything();

  // Capture.
  cudaError_t begin_capture(Stream& stream, cudaStreamCaptureMode mode);
  cudaError_t end_capture(Stream& stream, Graph& graph);
  // Calls that a capture forbids invalidate it and return true. A relaxed one allows those that are merely
  // unsafe, such as allocations, but not to wait for its own stream.
  enum class Call { unsafe, waiting };
  bool refuse_during_capture(Call call = Call::unsafe);
  void run(const Graph& graph);

 private:
  void enqueue(Stream& stream, Operation operation);
  template <class Done>
  void run_until(Done&& done);
  bool may_run(const Stream& stream) const;
  Stream* next_stream();
  void leave_capture(const std::shared_ptr<Capture>& capture);

  Stream legacy_, per_thread_;
  std::vector<std::unique_ptr<Stream>> streams_;  // created ones, and destroyed ones with work left
  std::set<Stream*> destroyed_;
  uint64_t sequence_ = 0;
  std::mt19937_64 random_{1};
};

}  // namespace masktwins::emulator

// Streams, events and graphs: what must be ordered is, whatever order is drawn; what need not be is not.
#include <doctest/doctest.h>

#include <set>

#include "tests/emulator/device_array.h"
#include "tests/emulator/emulated.h"
#include "tests/emulator/kernels/features.h"

using namespace masktwins;
using namespace masktwins::tests;

namespace {

struct TestStream {
  explicit TestStream(unsigned flags = cudaStreamNonBlocking) {
    REQUIRE(cudaStreamCreateWithFlags(&handle, flags) == cudaSuccess);
  }
  ~TestStream() { cudaStreamDestroy(handle); }
  cudaStream_t handle = nullptr;
};
struct TestEvent {
  TestEvent() { REQUIRE(cudaEventCreate(&handle) == cudaSuccess); }
  ~TestEvent() { cudaEventDestroy(handle); }
  cudaEvent_t handle = nullptr;
};

// x + 1 on one stream and 2 x on another, starting from 5; `order` may put an event between them.
template <class Order>
int race(unsigned flags, Order&& order) {
  const DeviceArray<int> x(std::vector<int>{5});
  const TestStream first(flags), second(flags);
  increment(x.data(), 1, 1, first.handle);
  order(first.handle, second.handle);
  double_values(x.data(), 1, second.handle);
  cudaDeviceSynchronize();
  return x.values()[0];
}

std::set<int> results(unsigned flags, void (*order)(cudaStream_t, cudaStream_t)) {
  std::set<int> seen;
  for (uint64_t seed = 0; seed < 12; ++seed) {
    const EmulatedDevice device(seed);
    seen.insert(race(flags, order));
  }
  return seen;
}

}  // namespace

TEST_CASE("work of one stream runs in order") {
  for (uint64_t seed = 0; seed < 5; ++seed) {
    const EmulatedDevice device(seed);
    const DeviceArray<int> x(std::vector<int>{5});
    const TestStream stream;
    for (int i = 0; i < 3; ++i) {
      increment(x.data(), 1, 1, stream.handle);
      double_values(x.data(), 1, stream.handle);
    }
    CHECK(cudaStreamQuery(stream.handle) == cudaErrorNotReady);
    CHECK(cudaStreamSynchronize(stream.handle) == cudaSuccess);
    CHECK(cudaStreamQuery(stream.handle) == cudaSuccess);
    CHECK(x.values()[0] == ((6 * 2 + 1) * 2 + 1) * 2);
  }
}

TEST_CASE("streams without an event between them run in either order") {
  CHECK(results(cudaStreamNonBlocking, [](cudaStream_t, cudaStream_t) {}) == std::set<int>{11, 12});
}

TEST_CASE("an event orders two streams") {
  CHECK(results(cudaStreamNonBlocking, [](cudaStream_t first, cudaStream_t second) {
          const TestEvent event;
          cudaEventRecord(event.handle, first);
          cudaStreamWaitEvent(second, event.handle, 0);
        }) == std::set<int>{12});
}

TEST_CASE("the default stream orders blocking streams and leaves the others alone") {
  const auto default_work = [](cudaStream_t, cudaStream_t) { launch_nothing(1, 1, 0); };
  CHECK(results(cudaStreamDefault, default_work) == std::set<int>{12});
  CHECK(results(cudaStreamNonBlocking, default_work) == std::set<int>{11, 12});
}

TEST_CASE("asynchronous copies: pinned memory is read late, pageable memory at once") {
  const EmulatedDevice device;
  const TestStream stream;
  const DeviceArray<int> a(std::size_t{1}), b(std::size_t{1});
  int* pinned = nullptr;
  REQUIRE(cudaMallocHost(reinterpret_cast<void**>(&pinned), sizeof(int)) == cudaSuccess);
  int pageable = 1;
  *pinned = 1;
  cudaMemcpyAsync(a.data(), pinned, sizeof(int), cudaMemcpyHostToDevice, stream.handle);
  cudaMemcpyAsync(b.data(), &pageable, sizeof(int), cudaMemcpyHostToDevice, stream.handle);
  *pinned = pageable = 2;  // too early for the pinned one
  cudaStreamSynchronize(stream.handle);
  CHECK(a.values()[0] == 2);
  CHECK(b.values()[0] == 1);
  cudaFreeHost(pinned);
}

TEST_CASE("events and host functions") {
  const EmulatedDevice device;
  const TestStream stream;
  const TestEvent begin, end;
  CHECK(cudaEventQuery(begin.handle) == cudaSuccess);
  int called = 0;
  cudaEventRecord(begin.handle, stream.handle);
  cudaLaunchHostFunc(
      stream.handle, [](void* count) { ++*static_cast<int*>(count); }, &called);
  cudaEventRecord(end.handle, stream.handle);
  CHECK(called == 0);
  float milliseconds = -1;
  CHECK(cudaEventElapsedTime(&milliseconds, begin.handle, end.handle) == cudaErrorNotReady);
  CHECK(cudaEventSynchronize(end.handle) == cudaSuccess);
  CHECK(called == 1);
  CHECK(cudaEventElapsedTime(&milliseconds, begin.handle, end.handle) == cudaSuccess);
  CHECK(milliseconds >= 0);
}

TEST_CASE("a captured graph replays its kernels, copies and branches") {
  for (uint64_t seed = 0; seed < 6; ++seed) {
    const EmulatedDevice device(seed);
    const DeviceArray<int> x(std::vector<int>{1}), y(std::vector<int>{10}), copy(std::vector<int>{0});
    const TestStream stream, side;
    const TestEvent fork, join;
    REQUIRE(cudaStreamBeginCapture(stream.handle, cudaStreamCaptureModeGlobal) == cudaSuccess);
    increment(x.data(), 1, 1, stream.handle);
    cudaEventRecord(fork.handle, stream.handle);
    cudaStreamWaitEvent(side.handle, fork.handle, 0);
    double_values(y.data(), 1, side.handle);
    cudaEventRecord(join.handle, side.handle);
    double_values(x.data(), 1, stream.handle);
    cudaStreamWaitEvent(stream.handle, join.handle, 0);
    cudaMemcpyAsync(copy.data(), y.data(), sizeof(int), cudaMemcpyDeviceToDevice, stream.handle);
    cudaGraph_t graph = nullptr;
    REQUIRE(cudaStreamEndCapture(stream.handle, &graph) == cudaSuccess);
    CHECK(x.values()[0] == 1);  // capturing runs nothing
    std::size_t nodes = 0;
    CHECK(cudaGraphGetNodes(graph, nullptr, &nodes) == cudaSuccess);
    CHECK(nodes == 4);
    cudaGraphExec_t executable = nullptr;
    REQUIRE(cudaGraphInstantiate(&executable, graph, 0) == cudaSuccess);
    cudaGraphDestroy(graph);
    cudaGraphLaunch(executable, stream.handle);
    cudaGraphLaunch(executable, stream.handle);
    cudaGraphExecDestroy(executable);
    CHECK(cudaStreamSynchronize(stream.handle) == cudaSuccess);
    CHECK(x.values()[0] == ((1 + 1) * 2 + 1) * 2);
    CHECK(y.values()[0] == 40);
    CHECK(copy.values()[0] == 40);
  }
}

TEST_CASE("what a capture forbids") {
  const EmulatedDevice device;
  const TestStream stream, side;
  cudaGraph_t graph = nullptr;
  CHECK(cudaStreamBeginCapture(nullptr, cudaStreamCaptureModeGlobal) == cudaErrorStreamCaptureUnsupported);
  REQUIRE(cudaStreamBeginCapture(stream.handle, cudaStreamCaptureModeGlobal) == cudaSuccess);
  void* pointer = nullptr;
  CHECK(cudaMalloc(&pointer, 16) == cudaErrorStreamCaptureUnsupported);
  cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
  CHECK(cudaStreamIsCapturing(stream.handle, &status) == cudaSuccess);
  CHECK(status == cudaStreamCaptureStatusInvalidated);
  CHECK(cudaStreamEndCapture(stream.handle, &graph) == cudaErrorStreamCaptureInvalidated);
  // The legacy stream cannot take part.
  REQUIRE(cudaStreamBeginCapture(stream.handle, cudaStreamCaptureModeGlobal) == cudaSuccess);
  launch_nothing(1, 1, 0);
  CHECK(cudaGetLastError() == cudaErrorStreamCaptureImplicit);
  CHECK(cudaStreamEndCapture(stream.handle, &graph) == cudaErrorStreamCaptureInvalidated);
  // Work on another stream that is not joined again.
  const DeviceArray<int> x(std::vector<int>{1});
  const TestEvent fork;
  REQUIRE(cudaStreamBeginCapture(stream.handle, cudaStreamCaptureModeGlobal) == cudaSuccess);
  increment(x.data(), 1, 1, stream.handle);
  cudaEventRecord(fork.handle, stream.handle);
  cudaStreamWaitEvent(side.handle, fork.handle, 0);
  double_values(x.data(), 1, side.handle);
  CHECK(cudaStreamEndCapture(stream.handle, &graph) == cudaErrorStreamCaptureUnjoined);
  CHECK(cudaStreamSynchronize(side.handle) == cudaSuccess);
  cudaGetLastError();
}

TEST_CASE("an executable graph takes over the arguments of a graph of the same form, and of no other") {
  const EmulatedDevice device;
  const DeviceArray<int> x(std::vector<int>{1, 1}), y(std::vector<int>{0, 0});
  const TestStream stream;
  const auto record = [&](auto&& work) {
    cudaGraph_t graph = nullptr;
    REQUIRE(cudaStreamBeginCapture(stream.handle, cudaStreamCaptureModeRelaxed) == cudaSuccess);
    work();
    REQUIRE(cudaStreamEndCapture(stream.handle, &graph) == cudaSuccess);
    return graph;
  };
  const auto copy = [&] {
    cudaMemcpyAsync(y.data(), x.data(), 2 * sizeof(int), cudaMemcpyDeviceToDevice, stream.handle);
  };
  const cudaGraph_t first = record([&] { increment(x.data(), 1, 1, stream.handle), copy(); });
  const cudaGraph_t same = record([&] { increment(x.data(), 2, 1, stream.handle), copy(); });
  const cudaGraph_t longer = record([&] { copy(), copy(), copy(); });
  const cudaGraph_t other = record([&] { copy(), copy(); });
  cudaGraphExec_t executable = nullptr;
  REQUIRE(cudaGraphInstantiate(&executable, first, 0) == cudaSuccess);
  cudaGraphExecUpdateResultInfo info;
  CHECK(cudaGraphExecUpdate(executable, longer, &info) == cudaErrorGraphExecUpdateFailure);
  CHECK(info.result == cudaGraphExecUpdateErrorTopologyChanged);
  CHECK(cudaGraphExecUpdate(executable, other, &info) == cudaErrorGraphExecUpdateFailure);
  CHECK(info.result == cudaGraphExecUpdateErrorNodeTypeChanged);
  CHECK(cudaGraphExecUpdate(executable, same, &info) == cudaSuccess);
  cudaGraphLaunch(executable, stream.handle);
  CHECK(cudaStreamSynchronize(stream.handle) == cudaSuccess);
  CHECK(y.values() == std::vector<int>{2, 2});
  for (const cudaGraph_t graph : {first, same, longer, other}) cudaGraphDestroy(graph);
  cudaGraphExecDestroy(executable);
  cudaGetLastError();
}

TEST_CASE("a relaxed capture allows allocations, but not to wait for its device") {
  const EmulatedDevice device;
  const TestStream stream;
  cudaGraph_t graph = nullptr;
  REQUIRE(cudaStreamBeginCapture(stream.handle, cudaStreamCaptureModeRelaxed) == cudaSuccess);
  void* pointer = nullptr;
  CHECK(cudaMalloc(&pointer, 16) == cudaSuccess);
  CHECK(cudaFree(pointer) == cudaSuccess);
  CHECK(cudaDeviceSynchronize() == cudaErrorStreamCaptureUnsupported);
  CHECK(cudaStreamEndCapture(stream.handle, &graph) == cudaErrorStreamCaptureInvalidated);
  cudaGetLastError();
}

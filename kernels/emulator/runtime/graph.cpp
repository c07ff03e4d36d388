// Stream capture and graphs of the CUDA runtime API.
#include "kernels/emulator/runtime/device.h"
#include "kernels/emulator/runtime/queue.h"

using namespace masktwins::emulator;

namespace {

// A graph handle and an executable one are both a Graph of their own.
Graph& graph_of(cudaGraph_t handle) { return *reinterpret_cast<Graph*>(handle); }
Graph& graph_of(cudaGraphExec_t handle) { return *reinterpret_cast<Graph*>(handle); }

}  // namespace

cudaError_t cudaStreamBeginCapture(cudaStream_t handle, cudaStreamCaptureMode mode) {
  return runtime_call("cudaStreamBeginCapture", [&] {
    Stream* stream = Queue::instance().find(handle);
    return stream == nullptr ? cudaErrorInvalidResourceHandle
                             : Queue::instance().begin_capture(*stream, mode);
  });
}
cudaError_t cudaStreamEndCapture(cudaStream_t handle, cudaGraph_t* result) {
  return runtime_call("cudaStreamEndCapture", [&]() -> cudaError_t {
    *result = nullptr;
    Stream* stream = Queue::instance().find(handle);
    if (stream == nullptr) return cudaErrorInvalidResourceHandle;
    Graph graph;
    const cudaError_t error = Queue::instance().end_capture(*stream, graph);
    if (error == cudaSuccess) *result = reinterpret_cast<cudaGraph_t>(new Graph(std::move(graph)));
    return error;
  });
}
cudaError_t cudaStreamIsCapturing(cudaStream_t handle, cudaStreamCaptureStatus* status) {
  return runtime_call("cudaStreamIsCapturing", [&] {
    const Stream* stream = Queue::instance().find(handle);
    if (stream == nullptr) return cudaErrorInvalidResourceHandle;
    *status = !stream->capture               ? cudaStreamCaptureStatusNone
              : stream->capture->invalidated ? cudaStreamCaptureStatusInvalidated
                                             : cudaStreamCaptureStatusActive;
    return cudaSuccess;
  });
}
cudaError_t cudaThreadExchangeStreamCaptureMode(cudaStreamCaptureMode* mode) {
  thread_local cudaStreamCaptureMode current = cudaStreamCaptureModeGlobal;
  std::swap(current, *mode);
  return cudaSuccess;
}
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* result, cudaGraph_t graph, unsigned long long) {
  return runtime_call("cudaGraphInstantiate", [&] {
    if (graph == nullptr) return cudaErrorInvalidValue;
    *result = reinterpret_cast<cudaGraphExec_t>(new Graph(graph_of(graph)));
    return cudaSuccess;
  });
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t handle) {
  return runtime_call("cudaGraphLaunch", [&] {
    Stream* stream = Queue::instance().find(handle);
    if (stream == nullptr || executable == nullptr) return cudaErrorInvalidResourceHandle;
    // The launch keeps its own copy: the executable graph may be destroyed right afterwards.
    return Queue::instance().add(*stream, NodeKind::kernel,
                                 [graph = graph_of(executable)] { Queue::instance().run(graph); });
  });
}
// Node by node: the same kinds with the same dependencies, in whose place the new work goes.
cudaError_t cudaGraphExecUpdate(cudaGraphExec_t executable, cudaGraph_t graph,
                                cudaGraphExecUpdateResultInfo* info) {
  return runtime_call("cudaGraphExecUpdate", [&] {
    if (executable == nullptr || graph == nullptr || info == nullptr) return cudaErrorInvalidValue;
    auto &held = graph_of(executable).nodes, &given = graph_of(graph).nodes;
    *info = {cudaGraphExecUpdateErrorTopologyChanged, nullptr, nullptr};
    if (held.size() != given.size()) return cudaErrorGraphExecUpdateFailure;
    for (std::size_t i = 0; i < held.size(); ++i) {
      info->errorNode = reinterpret_cast<cudaGraphNode_t>(&given[i]);
      if (held[i].after != given[i].after) return cudaErrorGraphExecUpdateFailure;
      if (held[i].kind == given[i].kind) continue;
      info->result = cudaGraphExecUpdateErrorNodeTypeChanged;
      return cudaErrorGraphExecUpdateFailure;
    }
    held = given;
    *info = {cudaGraphExecUpdateSuccess, nullptr, nullptr};
    return cudaSuccess;
  });
}
// The handles of a captured graph's nodes stand for nothing but their number.
cudaError_t cudaGraphGetNodes(cudaGraph_t graph, cudaGraphNode_t* nodes, size_t* count) {
  return runtime_call("cudaGraphGetNodes", [&] {
    const std::size_t size = graph_of(graph).nodes.size();
    if (nodes != nullptr)
      for (std::size_t i = 0; i < std::min(size, *count); ++i)
        nodes[i] = reinterpret_cast<cudaGraphNode_t>(&graph_of(graph).nodes[i]);
    *count = size;
    return cudaSuccess;
  });
}
cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  return runtime_call("cudaGraphDestroy", [&] {
    delete &graph_of(graph);
    return cudaSuccess;
  });
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
  return runtime_call("cudaGraphExecDestroy", [&] {
    delete &graph_of(executable);
    return cudaSuccess;
  });
}

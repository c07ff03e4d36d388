#include "kernels/common/step_graph.h"

#include <type_traits>
#include <utility>
#include <vector>

#include "kernels/common/cuda.h"
#include "kernels/common/lru_cache.h"
#include "kernels/common/stream.h"

namespace masktwins::kernels::cuda {
namespace {

// Steps differ in form when augmentations are drawn or not; each form has its executable graph.
constexpr std::size_t most_forms = 8;

struct Destroy {
  void operator()(cudaGraph_t graph) const { cudaGraphDestroy(graph); }
  void operator()(cudaGraphExec_t executable) const { cudaGraphExecDestroy(executable); }
};
using OwnedGraph = std::unique_ptr<std::remove_pointer_t<cudaGraph_t>, Destroy>;
using OwnedExecutable = std::unique_ptr<std::remove_pointer_t<cudaGraphExec_t>, Destroy>;

// Memory that waits for the end of the recording under way; null outside of one.
std::vector<void*>*& waiting_for_release() {
  static std::vector<void*>* waiting = nullptr;
  return waiting;
}

// From construction to finish() or destruction the engine's stream records. Relaxed, because the allocator
// may need more memory from the device meanwhile.
class Recording {
 public:
  Recording() {
    check(cudaStreamBeginCapture(stream(), cudaStreamCaptureModeRelaxed), "recording a step");
    waiting_for_release() = &released_;
  }
  ~Recording() {
    if (waiting_for_release() != nullptr) end();
    for (void* memory : released_) release(memory);
  }
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  OwnedGraph finish() {
    cudaGraph_t graph = nullptr;
    const cudaError_t error = end(&graph);
    OwnedGraph owned(graph);
    check(error, "recording a step");
    return owned;
  }

 private:
  cudaError_t end(cudaGraph_t* graph) {
    waiting_for_release() = nullptr;
    return cudaStreamEndCapture(stream(), graph);
  }
  void end() {
    cudaGraph_t unfinished = nullptr;
    end(&unfinished);
    const OwnedGraph destroyed(unfinished);
    cudaGetLastError();  // not an error of the calls to come
  }

  std::vector<void*> released_;
};

OwnedExecutable instantiate(cudaGraph_t graph) {
  cudaGraphExec_t executable = nullptr;
  check(cudaGraphInstantiate(&executable, graph, 0), "cudaGraphInstantiate");
  return OwnedExecutable(executable);
}

// Gives the executable graph the arguments of `graph`; false if their forms differ.
bool update(cudaGraphExec_t executable, cudaGraph_t graph) {
  cudaGraphExecUpdateResultInfo ignored;
  const cudaError_t error = cudaGraphExecUpdate(executable, graph, &ignored);
  if (error != cudaErrorGraphExecUpdateFailure) check(error, "cudaGraphExecUpdate");
  if (error != cudaSuccess) cudaGetLastError();
  return error == cudaSuccess;
}

std::size_t node_count(cudaGraph_t graph) {
  std::size_t count = 0;
  check(cudaGraphGetNodes(graph, nullptr, &count), "cudaGraphGetNodes");
  return count;
}

}  // namespace

bool release_after_recording(void* memory) {
  if (waiting_for_release() == nullptr) return false;
  waiting_for_release()->push_back(memory);
  return true;
}

struct StepGraph::State {
  bool ran_before = false;
  LruCache<std::size_t, OwnedExecutable> executables{most_forms};  // by number of nodes
};

StepGraph::StepGraph() : state_(std::make_unique<State>()) {}
StepGraph::~StepGraph() = default;

void StepGraph::run(const std::function<void()>& work) {
  if (!std::exchange(state_->ran_before, true)) return work();
  Recording recording;
  work();
  const OwnedGraph graph = recording.finish();
  bool fresh = false;
  OwnedExecutable& executable = state_->executables.get(node_count(graph.get()), [&] {
    fresh = true;
    return instantiate(graph.get());
  });
  if (!fresh && !update(executable.get(), graph.get())) executable = instantiate(graph.get());
  check(cudaGraphLaunch(executable.get(), stream()), "cudaGraphLaunch");
}

}  // namespace masktwins::kernels::cuda

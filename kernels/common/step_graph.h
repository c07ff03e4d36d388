// Kernels of a whole training step as one CUDA graph, so that the device goes from one to the next without
// waiting for the host to launch it.
//
// The host walks through every step and the stream records instead of running. An executable graph of the
// same form takes over the new arguments (cudaGraphExecUpdate: "CUDA Programming Guide", Whole Graph Update)
// and is launched. So everything that differs between steps, the learning rate, the keys of random draws, the
// place of a crop, the addresses of tensors, is that step's own, and no kernel has to read it from memory.
#pragma once

#include <functional>
#include <memory>

namespace masktwins::kernels::cuda {

class StepGraph {
 public:
  StepGraph();
  ~StepGraph();
  StepGraph(const StepGraph&) = delete;
  StepGraph& operator=(const StepGraph&) = delete;

  // Records what `work` queues on the engine's stream and launches it. The first call runs it directly: then
  // libraries plan, kernels are loaded and constants are copied, which a recording forbids. Throws what
  // `work` throws, std::runtime_error if it waits for the device, and then nothing of it runs.
  void run(const std::function<void()>& work);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// While a step is recorded: keeps device memory, which recorded kernels may use, until the graph was
// launched, and then releases it. False outside of a recording.
bool release_after_recording(void* memory);

}  // namespace masktwins::kernels::cuda

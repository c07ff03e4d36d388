// Named ranges on the time line of NVIDIA's tools, by NVTX: `nsys profile masktwins train ...` shows steps,
// their phases and the ops ("relu", "relu_backward") above the kernels. Without a tool, and in builds without
// CUDA, they do nothing.
#pragma once

namespace masktwins::kernels {

#ifdef MASKTWINS_CUDA
// From construction to destruction, on this thread; ranges nest.
class Range {
 public:
  explicit Range(const char* name);
  ~Range();
  Range(const Range&) = delete;
  Range& operator=(const Range&) = delete;
};
#else
struct Range {
  explicit Range(const char*) {}
};
#endif

}  // namespace masktwins::kernels

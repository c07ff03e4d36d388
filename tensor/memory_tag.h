// What memory of the GPU is used for, so that "out of memory" can say what held it.
#pragma once

#include <cstddef>
#include <map>
#include <string>

namespace masktwins {

// Memory allocated within its scope, on this thread, counts under `tag` ("parameters"); elsewhere under
// "activations". The innermost scope wins. `tag` must live forever: a literal.
class MemoryTag {
 public:
  explicit MemoryTag(const char* tag);
  ~MemoryTag();
  MemoryTag(const MemoryTag&) = delete;
  MemoryTag& operator=(const MemoryTag&) = delete;

  static const char* current();

 private:
  const char* before_;
};

// Bytes that tensors and kernels hold on the GPU now, by tag.
std::map<std::string, std::size_t> cuda_memory_by_tag();

}  // namespace masktwins

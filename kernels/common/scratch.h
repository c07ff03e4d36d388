// Uninitialised working memory of a kernel call, aligned to vectors. Each thread keeps its blocks for the
// next calls: their memory is mapped already, in huge pages if it is large, and often still in the cache.
#pragma once

#include <cstddef>
#include <cstdint>

namespace masktwins::kernels {

class ScratchBlock {
 public:
  explicit ScratchBlock(std::size_t bytes);
  ~ScratchBlock();  // on the thread that constructed it
  ScratchBlock(const ScratchBlock&) = delete;
  ScratchBlock& operator=(const ScratchBlock&) = delete;
  void* data() const { return memory_; }

 private:
  int power_;  // the block has 2^power_ bytes
  void* memory_;
};

template <class T>
class Scratch {
 public:
  explicit Scratch(int64_t count) : block_(static_cast<std::size_t>(count) * sizeof(T)) {}
  T* data() const { return static_cast<T*>(block_.data()); }

 private:
  ScratchBlock block_;
};

}  // namespace masktwins::kernels

// Uninitialised working memory of a kernel call, aligned to vectors.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>

namespace masktwins::kernels {

template <class T>
class Scratch {
 public:
  explicit Scratch(int64_t count) {
    const std::size_t bytes = (static_cast<std::size_t>(count) * sizeof(T) + 63) / 64 * 64;
    memory_.reset(static_cast<T*>(std::aligned_alloc(64, bytes == 0 ? 64 : bytes)));
    if (!memory_) throw std::bad_alloc();
  }
  T* data() const { return memory_.get(); }

 private:
  struct Free {
    void operator()(T* p) const { std::free(p); }
  };
  std::unique_ptr<T, Free> memory_;
};

}  // namespace masktwins::kernels

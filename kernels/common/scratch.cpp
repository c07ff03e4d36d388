#include "kernels/common/scratch.h"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <new>
#include <vector>

namespace masktwins::kernels {
namespace {

constexpr std::size_t alignment = 64;
constexpr std::size_t huge_page = std::size_t{2} << 20;

void* allocate(std::size_t bytes) {
  void* block = nullptr;
  const bool large = bytes >= huge_page;
  if (posix_memalign(&block, large ? huge_page : alignment, bytes) != 0) throw std::bad_alloc();
  if (large) madvise(block, bytes, MADV_HUGEPAGE);  // fewer page faults and address translations
  return block;
}

#ifndef __SANITIZE_ADDRESS__
// The free blocks of one thread, by the power of two that is their size.
class FreeBlocks {
 public:
  ~FreeBlocks() {
    for (const auto& blocks : blocks_)
      for (void* block : blocks) std::free(block);
  }

  void* take(int power) {
    std::vector<void*>& blocks = blocks_[static_cast<std::size_t>(power)];
    if (blocks.empty()) return allocate(std::size_t{1} << power);
    void* block = blocks.back();
    blocks.pop_back();
    return block;
  }

  void give(void* block, int power) { blocks_[static_cast<std::size_t>(power)].push_back(block); }

 private:
  std::array<std::vector<void*>, 64> blocks_;
};

FreeBlocks& free_blocks() {
  thread_local FreeBlocks blocks;
  return blocks;
}
#endif

}  // namespace

#ifdef __SANITIZE_ADDRESS__
// Exact sizes and no reuse, so that AddressSanitizer sees every access outside a block and after its end.
ScratchBlock::ScratchBlock(std::size_t bytes)
    : power_(0), memory_(allocate(std::max(bytes, std::size_t{1}))) {}

ScratchBlock::~ScratchBlock() { std::free(memory_); }
#else
ScratchBlock::ScratchBlock(std::size_t bytes)
    : power_(static_cast<int>(std::bit_width(std::max(bytes, alignment) - 1))),
      memory_(free_blocks().take(power_)) {}

ScratchBlock::~ScratchBlock() { free_blocks().give(memory_, power_); }
#endif

}  // namespace masktwins::kernels

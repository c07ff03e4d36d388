#include "tensor/allocator.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <unordered_map>

#include "kernels/common/cuda.h"
#include "tensor/check.h"
#include "tensor/dispatch.h"
#include "tensor/memory_tag.h"
#include "tensor/system_memory.h"

namespace masktwins {
namespace {

constexpr std::size_t alignment = 64;
constexpr std::size_t huge_page = std::size_t{2} << 20;
constexpr std::size_t worth_asking = std::size_t{256} << 20;

#ifdef __SANITIZE_ADDRESS__
// Exact sizes and no reuse, so that AddressSanitizer sees every access outside a tensor and after its end.
std::size_t default_cache_limit(Device) { return 0; }
std::size_t size_class(std::size_t bytes, Device) { return bytes; }
#else
// A GPU's memory is kept: to give it back waits for every kernel. The emulated one's is this machine's.
std::size_t default_cache_limit([[maybe_unused]] Device device) {
#ifndef MASKTWINS_CUDA_EMULATED
  if (device == Device::cuda) return std::numeric_limits<std::size_t>::max();
#endif
  return std::size_t{2} << 30;
}

// Sizes are rounded to 1/8 of their power of two, so that tensors of almost equal size share blocks. Not on
// the emulated device, which so sees every access behind the end of a tensor.
std::size_t size_class(std::size_t bytes, [[maybe_unused]] Device device) {
#ifdef MASKTWINS_CUDA_EMULATED
  if (device == Device::cuda) return bytes;
#endif
  std::size_t step = alignment;
  while (step * 16 <= bytes) step *= 2;
  return (bytes + step - 1) / step * step;
}
#endif

void* system_allocate(std::size_t bytes) {
  // Linux promises memory that it does not have and later kills the process; refused here, the error says
  // why.
  if (bytes >= worth_asking && static_cast<double>(bytes) > free_system_memory()) return nullptr;
  void* block = nullptr;
  const bool large = bytes >= huge_page;
  if (posix_memalign(&block, large ? huge_page : alignment, bytes) != 0) return nullptr;
  if (large) madvise(block, bytes, MADV_HUGEPAGE);  // fewer page faults and address translations
  return block;
}

MemorySource source_of(Device device) {
  return dispatch_device(device, "allocate", [](auto on) -> MemorySource {
    if constexpr (on == Device::cpu) return {system_allocate, std::free};
    else return {kernels::cuda::allocate, kernels::cuda::release};
  });
}

// Who holds which block of the GPU's memory. The CPU's is not accounted for: it would cost more than it
// tells.
class TagAccount {
 public:
  void add(void* block, std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    held_[block] = {MemoryTag::current(), bytes};
  }
  void remove(void* block) {
    const std::lock_guard lock(mutex_);
    held_.erase(block);
  }
  std::map<std::string, std::size_t> totals() const {
    const std::lock_guard lock(mutex_);
    std::map<std::string, std::size_t> bytes;
    for (const auto& [block, held] : held_) bytes[held.tag] += held.bytes;
    return bytes;
  }

 private:
  struct Held {
    const char* tag;
    std::size_t bytes;
  };
  mutable std::mutex mutex_;
  std::unordered_map<void*, Held> held_;
};

TagAccount& cuda_account() {
  static auto* account = new TagAccount;  // as long-lived as the allocator
  return *account;
}

// "; activations 100 MiB; parameters 30 MiB; ...", then what is not the allocator's.
std::string what_holds_cuda_memory(const AllocatorStats& stats) {
  std::string text;
  for (const auto& [tag, held] : cuda_account().totals())
    text += concat_text("; ", tag, ' ', held >> 20, " MiB");
  if constexpr (built_with_cuda) {
    const kernels::cuda::DeviceDescription device = kernels::cuda::describe_device();
    const std::size_t ours = stats.active + stats.cached + device.free_memory;
    text +=
        concat_text("; libraries and other programs ", (device.memory - std::min(ours, device.memory)) >> 20,
                    " MiB; free ", device.free_memory >> 20, " of ", device.memory >> 20, " MiB");
  }
  return text;
}

thread_local const char* current_tag = "activations";

// Kernels take their working memory from the tensors' allocator.
CachingAllocator* build_cuda_allocator() {
  auto* allocator = new CachingAllocator(Device::cuda);
  if constexpr (built_with_cuda)
    kernels::cuda::set_scratch_source(
        {[](std::size_t bytes) {
           const MemoryTag tag("working memory");
           return CachingAllocator::of(Device::cuda).allocate(bytes);
         },
         [](void* block, std::size_t bytes) { CachingAllocator::of(Device::cuda).release(block, bytes); }});
  return allocator;
}

}  // namespace

CachingAllocator::CachingAllocator() : CachingAllocator(Device::cpu) {}

CachingAllocator::CachingAllocator(Device device)
    : device_(device), source_(source_of(device)), cache_limit_(default_cache_limit(device)) {}

CachingAllocator& CachingAllocator::of(Device device) {
  // Never destroyed: tensors with static lifetime may outlive main.
  if (device == Device::cpu) {
    static auto* cpu = new CachingAllocator(Device::cpu);
    return *cpu;
  }
  static auto* cuda = build_cuda_allocator();
  return *cuda;
}

void* CachingAllocator::allocate(std::size_t bytes) {
  const std::size_t size = size_class(bytes == 0 ? 1 : bytes, device_);
  const std::lock_guard lock(mutex_);
  ++stats_.allocations;
  void* block = nullptr;
  if (const auto found = free_blocks_.find(size); found != free_blocks_.end()) {
    block = found->second;
    free_blocks_.erase(found);
    stats_.cached -= size;
    ++stats_.cache_hits;
  } else {
    block = source_.allocate(size);
    if (block == nullptr) {
      trim_locked(0);
      block = source_.allocate(size);
    }
    if (block == nullptr) {
      const std::string holders = device_ == Device::cuda ? what_holds_cuda_memory(stats_) : "";
      fail("out of memory on ", device_, ": a tensor of ", size >> 20, " MiB was refused (", describe(stats_),
           holders, "); use a smaller train.crop, train.batch or model.width");
    }
  }
  if (device_ == Device::cuda) cuda_account().add(block, size);
  stats_.active += size;
  if (stats_.active > stats_.peak) stats_.peak = stats_.active;
  return block;
}

void CachingAllocator::release(void* block, std::size_t bytes) {
  const std::size_t size = size_class(bytes == 0 ? 1 : bytes, device_);
  const std::lock_guard lock(mutex_);
  stats_.active -= size;
  stats_.cached += size;
  if (device_ == Device::cuda) cuda_account().remove(block);
  free_blocks_.emplace(size, block);
  if (stats_.cached > cache_limit_) trim_locked(cache_limit_);
}

MemoryTag::MemoryTag(const char* tag) : before_(std::exchange(current_tag, tag)) {}
MemoryTag::~MemoryTag() { current_tag = before_; }
const char* MemoryTag::current() { return current_tag; }

std::map<std::string, std::size_t> cuda_memory_by_tag() { return cuda_account().totals(); }

AllocatorStats CachingAllocator::stats() const {
  const std::lock_guard lock(mutex_);
  return stats_;
}

void CachingAllocator::reset_peak() {
  const std::lock_guard lock(mutex_);
  stats_.peak = stats_.active;
}

void CachingAllocator::trim() {
  const std::lock_guard lock(mutex_);
  trim_locked(0);
}

void CachingAllocator::set_cache_limit(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  cache_limit_ = bytes;
  trim_locked(bytes);
}

void CachingAllocator::trim_locked(std::size_t limit) {
  while (stats_.cached > limit && !free_blocks_.empty()) {
    const auto largest = std::prev(free_blocks_.end());
    stats_.cached -= largest->first;
    source_.release(largest->second);
    free_blocks_.erase(largest);
  }
}

std::string describe(const AllocatorStats& stats) {
  return concat_text(stats.active >> 20, " MiB in tensors, ", stats.peak >> 20, " MiB at peak, ",
                     stats.cached >> 20, " MiB cached");
}

}  // namespace masktwins

#include "tensor/allocator.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <cstring>

#include "tensor/check.h"
#include "tensor/system_memory.h"

using namespace masktwins;

namespace {

constexpr std::size_t kibibyte = 1024;

// An allocator that keeps blocks even in builds with AddressSanitizer, and leaks none.
struct KeepingAllocator : CachingAllocator {
  KeepingAllocator() { set_cache_limit(std::size_t{1} << 30); }
  ~KeepingAllocator() { trim(); }
};

}  // namespace

TEST_CASE("a released block is handed out again") {
  KeepingAllocator allocator;
  void* first = allocator.allocate(64 * kibibyte);
  allocator.release(first, 64 * kibibyte);
  CHECK(allocator.stats().cached == 64 * kibibyte);
  void* second = allocator.allocate(64 * kibibyte);
  CHECK(second == first);
  CHECK(allocator.stats().allocations == 2);
  CHECK(allocator.stats().cache_hits == 1);
  CHECK(allocator.stats().cached == 0);
  allocator.release(second, 64 * kibibyte);
}

TEST_CASE("blocks are writable and aligned to 64 bytes, whatever their size") {
  KeepingAllocator allocator;
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{1}, std::size_t{63}, std::size_t{65},
                                  std::size_t{1000}, std::size_t{4097}, (std::size_t{2} << 20) + 1}) {
    CAPTURE(bytes);
    void* block = allocator.allocate(bytes);
    CHECK(reinterpret_cast<std::uintptr_t>(block) % 64 == 0);
    std::memset(block, 255, bytes);
    allocator.release(block, bytes);
  }
  CHECK(allocator.stats().active == 0);
}

TEST_CASE("statistics follow active, peak and cached bytes") {
  KeepingAllocator allocator;
  void* a = allocator.allocate(64 * kibibyte);
  void* b = allocator.allocate(128 * kibibyte);
  CHECK(allocator.stats().active == 192 * kibibyte);
  allocator.release(a, 64 * kibibyte);
  CHECK(allocator.stats().active == 128 * kibibyte);
  CHECK(allocator.stats().peak == 192 * kibibyte);
  allocator.reset_peak();
  CHECK(allocator.stats().peak == 128 * kibibyte);
  allocator.release(b, 128 * kibibyte);
  CHECK(allocator.stats().cached == 192 * kibibyte);
  allocator.trim();
  CHECK(allocator.stats().cached == 0);
}

TEST_CASE("the cache stays below its limit, the largest blocks go first") {
  KeepingAllocator allocator;
  allocator.set_cache_limit(150 * kibibyte);
  void* small = allocator.allocate(64 * kibibyte);
  void* large = allocator.allocate(128 * kibibyte);
  allocator.release(small, 64 * kibibyte);
  allocator.release(large, 128 * kibibyte);
  CHECK(allocator.stats().cached == 64 * kibibyte);
  allocator.set_cache_limit(0);
  CHECK(allocator.stats().cached == 0);
}

TEST_CASE("the description is in MiB") {
  AllocatorStats stats;
  stats.active = std::size_t{3} << 20;
  stats.peak = std::size_t{5} << 20;
  stats.cached = std::size_t{1} << 20;
  CHECK(describe(stats) == "3 MiB in tensors, 5 MiB at peak, 1 MiB cached");
}

#ifndef __SANITIZE_ADDRESS__  // which ends the program at such a request
TEST_CASE("more than is free is refused, although Linux would promise it") {
  CachingAllocator allocator;
  const auto bytes = static_cast<std::size_t>(free_system_memory()) + (std::size_t{64} << 20);
  CHECK_THROWS_WITH_AS(allocator.allocate(bytes), doctest::Contains("out of memory on cpu"),
                       std::runtime_error);
}

TEST_CASE("exhausted memory is an error that shows the statistics") {
  KeepingAllocator allocator;
  CHECK_THROWS_WITH_AS(
      allocator.allocate(std::size_t{1} << 60),
      "out of memory on cpu: a tensor of 1099511627776 MiB was refused (0 MiB in tensors, 0 MiB at peak, "
      "0 MiB cached); use a smaller train.crop, train.batch or model.width",
      Error);
  CHECK(allocator.stats().active == 0);
}
#endif

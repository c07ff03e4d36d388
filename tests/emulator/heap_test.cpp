// malloc, free, new and delete in kernels: what they give, their limit, and their misuse.
#include <doctest/doctest.h>

#include "tests/emulator/device_array.h"
#include "tests/emulator/emulated.h"
#include "tests/emulator/kernels/heap.h"

using namespace masktwins;
using namespace masktwins::tests;
using emulator::FindingKind;

TEST_CASE("objects with virtual destructors, and arrays that a block shares") {
  for (const uint64_t seed : {0, 1}) {
    const EmulatedDevice device(seed);
    const DeviceArray<int> number(64), reversed(256);
    delete_virtual_objects(number.data(), 64);
    share_one_array(reversed.data(), 4, 64);
    const auto numbers = number.values(), mirrored = reversed.values();
    for (int i = 0; i < 64; ++i) CHECK(numbers[static_cast<std::size_t>(i)] == (i % 2 == 0 ? i + 3 : i));
    for (int i = 0; i < 256; ++i) CHECK(mirrored[static_cast<std::size_t>(i)] == 3 * (63 - i % 64));
  }
}

TEST_CASE("a full heap gives null, and its size can be set") {
  const EmulatedDevice device;
  std::size_t limit = 0;
  REQUIRE(cudaDeviceGetLimit(&limit, cudaLimitMallocHeapSize) == cudaSuccess);
  CHECK(limit == 8 << 20);
  const DeviceArray<bool> got_null(1);
  const auto fails = [&](std::size_t bytes) {
    allocate_in_vain(got_null.data(), bytes);
    bool answer = false;
    REQUIRE(cudaMemcpy(&answer, got_null.data(), sizeof answer, cudaMemcpyDeviceToHost) == cudaSuccess);
    return answer;
  };
  CHECK(!fails(limit));
  CHECK(!fails(limit));  // the first one was freed
  CHECK(fails(limit + 1));
  CHECK(cudaDeviceSetLimit(cudaLimitMallocHeapSize, 2 * limit) == cudaSuccess);
  CHECK(!fails(limit + 1));
  CHECK(cudaDeviceSetLimit(cudaLimitMallocHeapSize, limit) == cudaSuccess);
}

TEST_CASE("misused heap memory is found") {
  const std::pair<HeapMistake, const char*> mistakes[] = {
      {HeapMistake::past_the_end, "0 bytes past the end of malloc (40 bytes)"},
      {HeapMistake::after_free, "offset 8 of malloc (40 bytes), which has been freed"},
      {HeapMistake::freed_twice, "offset 0 of malloc (40 bytes), which has been freed: malloc has not"},
      {HeapMistake::not_from_malloc, "frees address"}};
  for (const auto& [mistake, text] : mistakes) {
    const EmulatedDevice device;
    const DeviceArray<int> out(1);
    misuse_heap(mistake, out.data());
    CHECK(cudaDeviceSynchronize() == cudaErrorIllegalAddress);
    const auto findings = emulator::take_findings();
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].kind == FindingKind::out_of_bounds);
    CHECK_MESSAGE(findings[0].detail.find(text) != std::string::npos, findings[0].detail);
    CHECK(findings[0].place.find("heap.cu:") == 0);
  }
}

// Every deliberate mistake must be found, at its source line, and the correct twin must be clean.
#include <doctest/doctest.h>

#include <numeric>

#include "tests/emulator/device_array.h"
#include "tests/emulator/emulated.h"
#include "tests/emulator/kernels/defects.h"

using namespace masktwins;
using namespace masktwins::tests;
using emulator::FindingKind;

namespace {

std::vector<float> counting(std::size_t size) {
  std::vector<float> values(size);
  std::iota(values.begin(), values.end(), 1.f);
  return values;
}

// Kinds of findings after a variant of `reverse`, and whether the numbers are right.
std::vector<FindingKind> reverse_kinds(Reverse variant) {
  const DeviceArray<float> in(counting(64)), out(std::size_t{64});
  reverse(in.data(), out.data(), variant);
  CHECK(cudaDeviceSynchronize() == cudaSuccess);
  return kinds_found();
}

std::vector<FindingKind> tree_sum_kinds(TreeSum variant) {
  const DeviceArray<float> in(counting(64)), out(std::size_t{1});
  tree_sum(in.data(), out.data(), variant);
  CHECK(cudaDeviceSynchronize() == cudaSuccess);
  return kinds_found();
}

bool found(const std::vector<FindingKind>& kinds, FindingKind kind) {
  return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

}  // namespace

TEST_CASE("the correct kernels are clean") {
  for (const uint64_t seed : {0, 1, 2}) {
    const EmulatedDevice device(seed);
    CHECK(reverse_kinds(Reverse::correct).empty());
    CHECK(tree_sum_kinds(TreeSum::correct).empty());
    const DeviceArray<float> x(counting(100)), sum(std::size_t{1});
    scale(x.data(), 100, true);
    scale_vector(x.data(), 4);
    sum_by_shuffle(x.data(), sum.data(), true);
    check_positive(x.data(), 32);
    CHECK(x.values()[99] == 200);
    CHECK(x.values()[5] == 24);
    CHECK(kinds_found().empty());
  }
}

TEST_CASE("a missing barrier is a race") {
  for (const uint64_t seed : {0, 1}) {
    const EmulatedDevice device(seed);
    CHECK(found(reverse_kinds(Reverse::no_barrier), FindingKind::shared_race));
    CHECK(found(tree_sum_kinds(TreeSum::no_barrier_in_loop), FindingKind::shared_race));
    CHECK(found(tree_sum_kinds(TreeSum::warp_without_sync), FindingKind::shared_race));
  }
}

TEST_CASE("a race names both threads and the source line") {
  const EmulatedDevice device;
  const DeviceArray<float> in(counting(64)), out(std::size_t{64});
  reverse(in.data(), out.data(), Reverse::no_barrier);
  cudaDeviceSynchronize();
  bool told = false;
  for (const emulator::Finding& finding : emulator::take_findings()) {
    if (finding.kind != FindingKind::shared_race || finding.instruction != "ld.shared.f32") continue;
    CHECK(finding.place.starts_with("defects.cu:"));
    CHECK(finding.detail.find("thread (32,0,0) of block (0,0,0) reads what thread (31,0,0)") == 0);
    CHECK(finding.text().find("reverse_kernel<") != std::string::npos);
    told = true;
  }
  CHECK(told);
}

TEST_CASE("a barrier that not all threads reach") {
  const EmulatedDevice device;
  CHECK(found(reverse_kinds(Reverse::barrier_in_branch), FindingKind::barrier_divergence));
}

TEST_CASE("shared memory that nobody wrote") {
  const EmulatedDevice device;
  CHECK(reverse_kinds(Reverse::reads_unwritten) == std::vector{FindingKind::uninitialised_shared});
}

TEST_CASE("a missing bounds check is found and stops the device") {
  const EmulatedDevice device;
  const DeviceArray<float> x(counting(100));
  scale(x.data(), 100, false);
  CHECK(cudaGetLastError() == cudaSuccess);  // the launch itself was fine
  CHECK(cudaDeviceSynchronize() == cudaErrorIllegalAddress);
  void* more = nullptr;
  CHECK(cudaMalloc(&more, 4) == cudaErrorIllegalAddress);
  CHECK(kinds_found() == std::vector{FindingKind::out_of_bounds});
  cudaDeviceReset();
  CHECK(cudaMalloc(&more, 4) == cudaSuccess);
  CHECK(cudaFree(more) == cudaSuccess);
}

TEST_CASE("a float4 at a place that is no multiple of 16 bytes") {
  const EmulatedDevice device;
  const DeviceArray<float> x(counting(100));
  scale_vector(x.data(), 1);
  CHECK(cudaDeviceSynchronize() == cudaErrorMisalignedAddress);
  CHECK(kinds_found() == std::vector{FindingKind::misaligned});
  cudaDeviceReset();
}

TEST_CASE("a shuffle that names lanes which do not come") {
  const EmulatedDevice device;
  const DeviceArray<float> x(counting(32)), sum(std::size_t{1});
  sum_by_shuffle(x.data(), sum.data(), false);
  cudaDeviceSynchronize();
  CHECK(kinds_found() == std::vector{FindingKind::warp_mask});
}

TEST_CASE("an index past the end of shared memory") {
  const EmulatedDevice device;
  const DeviceArray<float> x(std::size_t{32});
  shared_overrun(x.data(), 32);
  CHECK(cudaDeviceSynchronize() == cudaErrorIllegalAddress);
  CHECK(found(kinds_found(), FindingKind::out_of_bounds));
  cudaDeviceReset();
}

TEST_CASE("a host pointer passed to a kernel") {
  const EmulatedDevice device;
  std::vector<float> host = counting(64);
  scale(host.data(), 64, true);
  CHECK(cudaDeviceSynchronize() == cudaErrorIllegalAddress);
  CHECK(kinds_found() == std::vector{FindingKind::pointer_confusion});
  CHECK(host[0] == 1);
  cudaDeviceReset();
}

TEST_CASE("an assertion names its text and its threads") {
  const EmulatedDevice device;
  const DeviceArray<float> x(std::vector<float>{1, 2, -3, 4});
  check_positive(x.data(), 4);
  CHECK(cudaDeviceSynchronize() == cudaErrorAssert);
  const std::vector<emulator::Finding> findings = emulator::take_findings();
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].kind == FindingKind::assertion);
  CHECK(findings[0].detail.find("thread (2,0,0) of block (0,0,0) fails 'x[i] > 0' at ") == 0);
  CHECK(findings[0].count == 1);
  cudaDeviceReset();
}

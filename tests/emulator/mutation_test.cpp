// Leaving out a barrier, a wait or a guard changes what a kernel does, and only for as long as it is asked
// for.
#include <doctest/doctest.h>

#include "tests/emulator/device_array.h"
#include "tests/emulator/emulated.h"
#include "tests/emulator/kernels/matmul_async.h"
#include "tests/emulator/kernels/textbook.h"

using namespace masktwins::tests;
namespace emulator = masktwins::emulator;
using emulator::FindingKind;
using emulator::Mutation;

namespace {

std::vector<float> numbers(std::size_t size) {
  std::vector<float> values(size);
  for (std::size_t i = 0; i < size; ++i) values[i] = static_cast<float>(i);
  return values;
}

// All mutations of the kernels that `launch` runs.
template <class Launch>
std::vector<Mutation> mutations(Launch&& launch) {
  emulator::take_counts();
  launch();
  std::vector<Mutation> all;
  for (const emulator::KernelCounts& counts : emulator::take_counts())
    for (const Mutation& mutation : emulator::mutations_of(counts.kernel)) all.push_back(mutation);
  return all;
}

std::vector<Mutation> of_kind(const std::vector<Mutation>& all, Mutation::Kind kind) {
  std::vector<Mutation> some;
  for (const Mutation& mutation : all)
    if (mutation.kind == kind) some.push_back(mutation);
  return some;
}

}  // namespace

TEST_CASE("without its barrier a transpose is a race") {
  const EmulatedDevice device;
  const DeviceArray<float> in(numbers(64 * 64)), out(64 * 64);
  const auto launch = [&] {
    transpose(in.data(), out.data(), 64, 64, true);
    cudaDeviceSynchronize();
  };
  const auto barriers = of_kind(mutations(launch), Mutation::Kind::barrier);
  REQUIRE(barriers.size() == 1);
  emulator::options().mutation = barriers[0];
  launch();
  const auto kinds = kinds_found();
  CHECK(std::count(kinds.begin(), kinds.end(), FindingKind::shared_race) == 1);
  emulator::options().mutation.reset();
  launch();
  CHECK(kinds_found().empty());
}

TEST_CASE("without its guard saxpy leaves its array") {
  const EmulatedDevice device;
  const DeviceArray<float> x(numbers(1000)), y(numbers(1000));
  const auto launch = [&] {
    saxpy(2, x.data(), y.data(), 1000);
    cudaDeviceSynchronize();
  };
  const auto guards = of_kind(mutations(launch), Mutation::Kind::guard);
  REQUIRE(guards.size() == 1);
  emulator::options().mutation = guards[0];
  launch();
  CHECK(kinds_found() == std::vector{FindingKind::out_of_bounds});
}

TEST_CASE("without a wait the copied bytes are not there") {
  const EmulatedDevice device;
  const DeviceArray<uint16_t> a(64 * 64), b(64 * 64);
  REQUIRE(cudaMemset(a.data(), 0, 64 * 64 * 2) == cudaSuccess);
  REQUIRE(cudaMemset(b.data(), 0, 64 * 64 * 2) == cudaSuccess);
  const DeviceArray<float> c(64 * 64);
  const auto launch = [&] {
    matmul_async(a.data(), b.data(), c.data(), 64, 64, 64, MatmulVariant::correct);
    cudaDeviceSynchronize();
  };
  const auto waits = of_kind(mutations(launch), Mutation::Kind::wait);
  REQUIRE(!waits.empty());
  for (const Mutation& mutation : waits) {
    CAPTURE(mutation.place);
    emulator::options().mutation = mutation;
    launch();
    const auto kinds = kinds_found();
    CHECK(std::count(kinds.begin(), kinds.end(), FindingKind::async_copy) == 1);
  }
}

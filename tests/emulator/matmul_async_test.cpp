// The product on tensor cores: values, bank conflicts, and one finding for each deliberate mistake.
#include <doctest/doctest.h>

#include <cmath>

#include "kernels/emulator/instructions/half_numbers.h"
#include "tests/emulator/device_array.h"
#include "tests/emulator/emulated.h"
#include "tests/emulator/kernels/matmul_async.h"

using namespace masktwins::tests;
using masktwins::emulator::Brain;
using masktwins::emulator::FindingKind;

namespace {

constexpr std::size_t m = 64, n = 128, k = 96;

struct Problem {
  std::vector<uint16_t> a = std::vector<uint16_t>(m * k), b = std::vector<uint16_t>(n * k);

  Problem() {
    for (std::size_t i = 0; i < a.size(); ++i) a[i] = Brain::from(static_cast<int>(i * 37 % 17) - 8).bits;
    for (std::size_t i = 0; i < b.size(); ++i)
      b[i] = Brain::from(0.25 * (static_cast<int>(i * 53 % 13) - 6)).bits;
  }
  float exact(std::size_t row, std::size_t column) const {
    float sum = 0;  // small integers over four: exact in any order
    for (std::size_t i = 0; i < k; ++i) sum += widen(Brain{a[row * k + i]}) * widen(Brain{b[column * k + i]});
    return sum;
  }
};

// Number of wrong elements.
int run(MatmulVariant variant) {
  const Problem problem;
  const DeviceArray<uint16_t> a(problem.a), b(problem.b);
  const DeviceArray<float> c(m * n);
  matmul_async(a.data(), b.data(), c.data(), m, n, k, variant);
  const std::vector<float> values = c.values();
  int wrong = 0;
  for (std::size_t row = 0; row < m; ++row)
    for (std::size_t column = 0; column < n; ++column)
      wrong += !(values[row * n + column] == problem.exact(row, column));
  return wrong;
}

double wavefronts_per_matrix() {
  masktwins::emulator::Traffic traffic;
  for (const auto& kernel : masktwins::emulator::take_counts())
    for (const auto& instruction : kernel.instructions)
      if (instruction.text.starts_with("ldmatrix")) traffic += instruction.counter.shared;
  return static_cast<double>(traffic.wavefronts) / static_cast<double>(traffic.requests);
}

}  // namespace

TEST_CASE("matrix product with cp.async, ldmatrix and mma") {
  for (const uint64_t seed : {0, 3}) {
    const EmulatedDevice device(seed);
    CHECK(run(MatmulVariant::correct) == 0);
    CHECK(wavefronts_per_matrix() == 1);
  }
}

TEST_CASE("without the swizzle ldmatrix has bank conflicts") {
  const EmulatedDevice device;
  CHECK(run(MatmulVariant::not_swizzled) == 0);
  CHECK(wavefronts_per_matrix() == 4);  // rows 64 bytes apart: 8 rows fall into 2 groups of 4 banks
}

TEST_CASE("using a tile before its copies have arrived is found") {
  const EmulatedDevice device;
  CHECK(run(MatmulVariant::wait_too_weak) > 0);
  CHECK(kinds_found() == std::vector{FindingKind::async_copy});
}

TEST_CASE("a missing barrier before the use of a tile is found") {
  const EmulatedDevice device;
  run(MatmulVariant::no_barrier_before);
  const std::vector<FindingKind> kinds = kinds_found();
  CHECK(std::find(kinds.begin(), kinds.end(), FindingKind::async_copy) != kinds.end());
}

TEST_CASE("a missing barrier after the use of a tile is found, though the numbers are right") {
  const EmulatedDevice device;
  CHECK(run(MatmulVariant::no_barrier_after) == 0);
  const std::vector<FindingKind> kinds = kinds_found();
  CHECK(std::find(kinds.begin(), kinds.end(), FindingKind::shared_race) != kinds.end());
}

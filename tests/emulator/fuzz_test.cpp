// Random programs with nested branches and loops: the emulator must agree with an independent interpreter in
// every register of every thread.
#include <doctest/doctest.h>

#include <bit>
#include <cmath>

#include "tests/emulator/ptx_program.h"
#include "tests/emulator/random_program.h"

using namespace masktwins;
using namespace masktwins::tests;

namespace {

constexpr std::size_t threads = 70, slots = ThreadState::slots;  // two full warps and a part of one

// The emulator's output with all NaNs alike, as NaN bits may differ after a mere move.
uint64_t canonical(std::size_t slot, uint64_t bits) {
  if (slot >= 12 && slot < 18 && std::isnan(std::bit_cast<float>(static_cast<uint32_t>(bits))))
    return 0x7fffffffu;
  if (slot >= 18 && slot < 22 && std::isnan(std::bit_cast<double>(bits))) return 0x7fffffffffffffffu;
  return bits;
}

// The first difference in words, or nothing.
std::string difference(uint64_t seed) {
  const RandomProgram program(seed);
  std::vector<uint32_t> inputs(threads);
  for (std::size_t i = 0; i < threads; ++i) inputs[i] = static_cast<uint32_t>(i * (seed % 5) + seed * 77);
  const Buffer<uint32_t> in(inputs);
  const Buffer<uint64_t> out(std::vector<uint64_t>(threads * slots, 0));
  const emulator::Observations seen =
      PtxProgram(program.ptx()).run({}, {threads, 1, 1}, {in.address(), out.address()});
  if (!seen.defects.empty()) return "a finding";
  const std::vector<uint64_t> actual = out.values();
  for (std::size_t thread = 0; thread < threads; ++thread) {
    const auto expected = program.run(inputs[thread]);
    for (std::size_t slot = 0; slot < slots; ++slot) {
      const uint64_t found = canonical(slot, actual[thread * slots + slot]);
      if (found != expected[slot])
        return "thread " + std::to_string(thread) + ", slot " + std::to_string(slot) + ": " +
               std::to_string(found) + " instead of " + std::to_string(expected[slot]);
    }
  }
  return "";
}

}  // namespace

TEST_CASE("random programs") {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    CHECK(difference(seed) == "");
  }
}

// Locks: lanes of one warp that wait for each other, and blocks that do.
#include <doctest/doctest.h>

#include "tests/emulator/ptx_program.h"

using namespace masktwins;
using namespace masktwins::tests;

namespace {

// Every thread of 2 blocks of 64 adds 1 to the word after the lock, without an atomic addition.
uint32_t count_with_lock(const std::string& acquire, uint64_t seed) {
  const PtxProgram program(
      kernel(1, "again:\n" + acquire +
                    "\n@%p1 bra again;\nld.volatile.global.u32 %r3, [%rd0+4]; add.u32 %r3, %r3, 1;\n"
                    "st.volatile.global.u32 [%rd0+4], %r3; membar.gl;\n"
                    "atom.global.exch.b32 %r4, [%rd0], 0;"));
  const Buffer<uint32_t> words(std::vector<uint32_t>{0, 0});
  emulator::Options options;
  options.seed = seed;
  options.threads = 2;
  options.instruction_limit = 20'000'000;
  CHECK(program.run({2, 1, 1}, {64, 1, 1}, {words.address()}, options).defects.empty());
  return words.values()[1];
}

}  // namespace

TEST_CASE("every lane of every block gets the lock") {
  for (const uint64_t seed : {0, 1}) {
    CHECK(count_with_lock("atom.global.cas.b32 %r2, [%rd0], 0, 1; setp.ne.u32 %p1, %r2, 0;", seed) == 128);
    CHECK(count_with_lock("atom.global.exch.b32 %r2, [%rd0], 1; setp.ne.u32 %p1, %r2, 0;", seed) == 128);
  }
}

// Barriers of a block: named ones, ones for some of the threads, combined predicates, and their misuse.
#include <doctest/doctest.h>

#include "tests/emulator/ptx_program.h"

using namespace masktwins;
using namespace masktwins::tests;
using emulator::FindingKind;

namespace {

struct Result {
  std::vector<uint32_t> values;
  std::vector<FindingKind> kinds;
  bool abandoned = false;
};

// Every thread's %r2, after `body`; 128 words of shared memory `s`, %rd3 the thread's place in the output.
Result run(const std::string& body, unsigned threads = 128, uint64_t seed = 0) {
  const PtxProgram program(
      kernel(1,
             ".shared .align 4 .b32 s[128];\nmad.wide.u32 %rd3, %r0, 4, %rd0; shl.b32 %r3, %r0, 2; "
             "mov.u32 %r4, s; add.u32 %r5, %r4, %r3; mov.u32 %r2, 0;\n" +
                 body + "\nst.global.u32 [%rd3], %r2;"));
  const Buffer<uint32_t> out(std::size_t{128});
  emulator::Options options;
  options.seed = seed;
  const emulator::Observations seen = program.run({}, {threads, 1, 1}, {out.address()}, options);
  Result result{out.values(), {}, seen.abandoned};
  for (const auto& [key, defect] : seen.defects) result.kinds.push_back(key.first);
  return result;
}

}  // namespace

TEST_CASE("a barrier orders writes before reads, in any order of the warps") {
  for (const uint64_t seed : {0, 1, 2, 3}) {
    const Result result =
        run("st.shared.u32 [%r5], %r0; bar.sync 0; sub.u32 %r6, 508, %r3; add.u32 %r6, %r4, %r6; "
            "ld.shared.u32 %r2, [%r6];",
            128, seed);
    CHECK(result.kinds.empty());
    for (uint32_t i = 0; i < 128; ++i) CHECK(result.values[i] == 127 - i);
  }
}

TEST_CASE("predicates are combined over the block") {
  CHECK(run("setp.lt.u32 %p1, %r0, 100; bar.red.popc.u32 %r2, 0, %p1;").values[5] == 100);
  CHECK(run("setp.lt.u32 %p1, %r0, 100; bar.red.and.pred %p2, 0, %p1; selp.u32 %r2, 1, 0, %p2;").values[5] ==
        0);
  CHECK(run("setp.lt.u32 %p1, %r0, 100; barrier.cta.red.or.pred %p2, 1, 128, %p1; selp.u32 %r2, 1, 0, %p2;")
            .values[127] == 1);
}

TEST_CASE("warps can synchronise in pairs, and announce without waiting") {
  // Warps 0 and 1 meet at barrier 1, warps 2 and 3 at barrier 2.
  const Result pairs =
      run("st.shared.u32 [%r5], %r0; shr.u32 %r6, %r0, 6; add.u32 %r6, %r6, 1; bar.sync %r6, 64; "
          "xor.b32 %r7, %r3, 128; add.u32 %r7, %r4, %r7; ld.shared.u32 %r2, [%r7];");
  CHECK(pairs.kinds.empty());
  for (uint32_t i = 0; i < 128; ++i) CHECK(pairs.values[i] == (i ^ 32u));
  // Warp 0 produces and goes on, warp 1 consumes.
  const std::string producer =
      "setp.ge.u32 %p1, %r0, 32;\n@%p1 bra consume;\nst.shared.u32 [%r5], %r0; bar.arrive 3, 64; bra end;\n"
      "consume:\nbar.sync 3, 64; ld.shared.u32 %r2, [%r5+-128];\nend:";
  const Result handed = run(producer, 64);
  CHECK(handed.kinds.empty());
  CHECK(handed.values[40] == 8);
}

TEST_CASE("a pair's barrier does not order the other warps") {
  const Result result =
      run("st.shared.u32 [%r5], %r0; shr.u32 %r6, %r0, 6; add.u32 %r6, %r6, 1; bar.sync %r6, 64; "
          "xor.b32 %r7, %r3, 256; add.u32 %r7, %r4, %r7; ld.shared.u32 %r2, [%r7];");
  CHECK(std::find(result.kinds.begin(), result.kinds.end(), FindingKind::shared_race) != result.kinds.end());
}

TEST_CASE("misused barriers are found") {
  // Half a warp.
  CHECK(run("setp.lt.u32 %p1, %r0, 16; @%p1 bar.sync 0;", 32).kinds ==
        std::vector{FindingKind::barrier_divergence});
  // One warp has left.
  CHECK(run("setp.lt.u32 %p1, %r0, 32; @%p1 exit; bar.sync 0;").kinds ==
        std::vector{FindingKind::barrier_divergence});
  // Two different barrier instructions.
  CHECK(run("setp.lt.u32 %p1, %r0, 32;\n@%p1 bra a;\nbar.sync 0; bra b;\na:\nbar.sync 0;\nb:").kinds ==
        std::vector{FindingKind::barrier_divergence});
  // Threads that never come.
  const Result stuck = run("setp.lt.u32 %p1, %r0, 32; @%p1 bar.sync 1, 64;", 64);
  CHECK(stuck.kinds == std::vector{FindingKind::deadlock});
  CHECK(stuck.abandoned);
}

TEST_CASE("an endless loop ends with a finding") {
  const PtxProgram program(kernel(0, "again:\nbra again;"));
  emulator::Options options;
  options.instruction_limit = 200000;
  const emulator::Observations seen = program.run({}, {32, 1, 1}, {}, options);
  REQUIRE(seen.defects.size() == 1);
  CHECK(seen.defects.begin()->first.first == FindingKind::deadlock);
}

TEST_CASE("a warp that waits for another one's flag gets its turn") {
  const Result result =
      run("setp.lt.u32 %p1, %r0, 32;\n@!%p1 bra set;\nwait:\natom.shared.or.b32 %r6, [s+400], 0;\n"
          "setp.ne.u32 %p2, %r6, 77;\n@%p2 bra wait;\nmov.u32 %r2, 5; bra end;\nset:\n"
          "atom.shared.exch.b32 %r6, [s+400], 77;\nend:",
          64);
  CHECK(result.values[3] == 5);
}

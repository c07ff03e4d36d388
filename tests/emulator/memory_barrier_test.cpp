// Barriers in shared memory: mbarrier instructions, and cuda::barrier and cuda::pipeline on top of them.
#include <doctest/doctest.h>

#include "tests/emulator/device_array.h"
#include "tests/emulator/emulated.h"
#include "tests/emulator/kernels/pipelines.h"
#include "tests/emulator/ptx_program.h"

using namespace masktwins;
using namespace masktwins::tests;
using emulator::FindingKind;

namespace {

struct Result {
  std::vector<uint32_t> values;
  std::vector<FindingKind> kinds;
};

// %r2 of each of 64 threads. Before `body` the barrier at [b] is made for 64 arrivals, and the thread's own
// word of `s` holds its number; %r5 is that word's address, %r6 that of the thread opposite in the other
// warp.
Result run(const std::string& body, uint64_t seed = 0,
           const std::string& init = "mbarrier.init.shared.b64 [b], 64;") {
  const PtxProgram program(
      kernel(1,
             ".shared .align 8 .b64 b;\n.shared .align 4 .b32 s[64];\n"
             "mad.wide.u32 %rd3, %r0, 4, %rd0; shl.b32 %r3, %r0, 2; mov.u32 %r4, s; add.u32 %r5, %r4, %r3;\n"
             "xor.b32 %r6, %r3, 128; add.u32 %r6, %r4, %r6; mov.u32 %r2, 0;\n"
             "setp.ne.u32 %p1, %r0, 0;\n@%p1 bra made;\n" +
                 init + "\nmade:\nbar.sync 0;\n" + body + "\nst.global.u32 [%rd3], %r2;"));
  const Buffer<uint32_t> out(std::size_t{64});
  emulator::Options options;
  options.seed = seed;
  const emulator::Observations seen = program.run({}, {64, 1, 1}, {out.address()}, options);
  Result result{out.values(), {}};
  for (const auto& [key, defect] : seen.defects) result.kinds.push_back(key.first);
  return result;
}

const std::string put_own = "st.shared.u32 [%r5], %r0;\n", get_other = "\nld.shared.u32 %r2, [%r6];";
const std::string arrive = "mbarrier.arrive.shared.b64 %rd4, [b];\n";
const std::string wait = "again:\nmbarrier.test_wait.shared.b64 %p2, [b], %rd4;\n@!%p2 bra again;";

}  // namespace

TEST_CASE("an arrival and a wait order accesses of different warps; without the wait they race") {
  for (const uint64_t seed : {0, 1, 2}) {
    const Result result = run(put_own + arrive + wait + get_other, seed);
    CHECK(result.kinds.empty());
    for (uint32_t i = 0; i < 64; ++i) CHECK(result.values[i] == (i ^ 32u));
  }
  const std::string no_wait = put_own + "mbarrier.arrive.shared.b64 %rd4, [b];" + get_other;
  const auto kinds = run(no_wait).kinds;
  CHECK(std::find(kinds.begin(), kinds.end(), FindingKind::shared_race) != kinds.end());
  // The wait of an earlier phase orders nothing of this one.
  const auto late = run(arrive + wait + put_own + "mbarrier.arrive.shared.b64 %rd4, [b];" + get_other).kinds;
  CHECK(std::find(late.begin(), late.end(), FindingKind::shared_race) != late.end());
}

TEST_CASE("phases by parity, arrivals in numbers, and threads that leave") {
  // Thread 63 alone arrives for everybody.
  const Result many =
      run("setp.eq.u32 %p3, %r0, 63; @%p3 mbarrier.arrive.shared.b64 _, [b], 64;\n"
          "again:\nmbarrier.try_wait.parity.shared::cta.b64 %p2, [b], 0, 1000;\n@!%p2 bra again;\n"
          "mbarrier.test_wait.parity.shared.b64 %p2, [b], 1; selp.u32 %r2, 1, 7, %p2;");
  CHECK(many.kinds.empty());
  CHECK(many.values[5] == 7);  // the second phase, whose parity is 1, is not complete
  // Before the first phase lies a complete one of parity 1.
  CHECK(run("mbarrier.test_wait.parity.shared.b64 %p2, [b], 1; selp.u32 %r2, 1, 7, %p2;").values[5] == 1);
  // Warp 1 leaves after the first phase; warp 0 goes on alone.
  const Result leaving =
      run("setp.ge.u32 %p3, %r0, 32;\n@%p3 mbarrier.arrive_drop.shared.b64 _, [b];\n"
          "@%p3 bra end;\n" +
          arrive + wait +
          "\nmbarrier.arrive.shared.b64 %rd4, [b];\n"
          "more:\nmbarrier.test_wait.shared.b64 %p2, [b], %rd4;\n@!%p2 bra more;\nmov.u32 %r2, 9;\nend:");
  CHECK(leaving.kinds.empty());
  CHECK(leaving.values[3] == 9);
  // The state knows how many were missing: of a warp, the lanes arrive one after the other.
  const Result counts = run("setp.ge.u32 %p3, %r0, 32;\n@%p3 bra end;\n" + arrive +
                            "mbarrier.pending_count.b64 %r2, %rd4;\nend:");
  CHECK(counts.values[0] == 64);
  CHECK(counts.values[31] == 33);
}

TEST_CASE("misused barriers are found") {
  CHECK(run(arrive, 0, "").kinds == std::vector{FindingKind::uninitialised_shared});
  CHECK(run(arrive, 0, "st.shared.u64 [b], %rd0;").kinds == std::vector{FindingKind::uninitialised_shared});
  CHECK(run("mbarrier.arrive.shared.b64 %rd4, [b], 40;").kinds ==
        std::vector{FindingKind::barrier_divergence});
  CHECK(run("", 0, "mbarrier.init.shared.b64 [b], 0;").kinds == std::vector{FindingKind::barrier_divergence});
  CHECK(run(arrive + wait, 0, "mbarrier.init.shared.b64 [b], 65;").kinds ==
        std::vector{FindingKind::deadlock});
  // Without a barrier of the block, the other warp may come before mbarrier.init.
  const PtxProgram racing(kernel(0,
                                 ".shared .align 8 .b64 b;\nsetp.ne.u32 %p1, %r0, 0;\n@!%p1 "
                                 "mbarrier.init.shared.b64 [b], 64;\nmbarrier.arrive.shared.b64 %rd4, [b];"));
  const emulator::Observations seen = racing.run({}, {64, 1, 1}, {});
  REQUIRE(!seen.defects.empty());
  CHECK(seen.defects.begin()->first.first == FindingKind::shared_race);
}

TEST_CASE("cp.async arrives at a barrier, as one of its arrivals or as one more") {
  const Buffer<uint32_t> in(std::vector<uint32_t>(64, 5)), out(std::size_t{64});
  for (const std::string arrival :
       {"cp.async.mbarrier.arrive.noinc.shared.b64 [b];",
        "cp.async.mbarrier.arrive.shared.b64 [b];\nmbarrier.arrive.shared.b64 _, [b];"}) {
    const auto program = [&](const std::string& last) {
      return PtxProgram(kernel(
          2,
          ".shared .align 8 .b64 b;\n.shared .align 4 .b32 s[64];\nmad.wide.u32 %rd3, %r0, 4, %rd0;\n"
          "mad.wide.u32 %rd5, %r0, 4, %rd1; shl.b32 %r3, %r0, 2; mov.u32 %r4, s; add.u32 %r5, %r4, %r3;\n"
          "xor.b32 %r6, %r3, 128; add.u32 %r6, %r4, %r6; setp.ne.u32 %p1, %r0, 0;\n"
          "@!%p1 mbarrier.init.shared.b64 [b], 64;\nbar.sync 0;\ncp.async.ca.shared.global [%r5], [%rd3], "
          "4;\n" +
              arrival + last + "\nld.shared.u32 %r2, [%r6]; st.global.u32 [%rd5], %r2;"));
    };
    const emulator::Observations seen =
        program("\nagain:\nmbarrier.test_wait.parity.shared.b64 %p2, [b], 0;\n@!%p2 bra again;")
            .run({}, {64, 1, 1}, {in.address(), out.address()});
    CHECK(seen.defects.empty());
    CHECK(out.values() == in.values());
    const emulator::Observations early = program("").run({}, {64, 1, 1}, {in.address(), out.address()});
    const bool found = std::any_of(early.defects.begin(), early.defects.end(), [](const auto& defect) {
      return defect.first.first == FindingKind::async_copy;
    });
    CHECK(found);
  }
}

TEST_CASE("cuda::barrier and cuda::pipeline, in every order of the warps") {
  struct Way {
    void (*run)(const int*, int*, int);
    int piece;
  };
  for (const Way& way :
       {Way{reverse_with_barrier, 128}, Way{reverse_with_copies, 128}, Way{reverse_with_pipeline, 128},
        Way{reverse_with_roles, 64}, Way{reverse_in_one_warp, 16}})
    for (const uint64_t seed : {0, 1, 2}) {
      const EmulatedDevice device(seed);
      const int batches = 5, n = batches * way.piece;
      std::vector<int> numbers;
      for (int i = 0; i < n; ++i) numbers.push_back(7 * i);
      const DeviceArray<int> x(numbers), y(numbers.size());
      way.run(x.data(), y.data(), batches);
      const auto values = y.values();
      for (int i = 0; i < n; ++i)
        REQUIRE(values[static_cast<std::size_t>(i)] ==
                7 * (i / way.piece * way.piece + way.piece - 1 - i % way.piece));
    }
}

// Shuffles, votes, matches and reductions inside a warp, on lanes that hold their own number.
#include <doctest/doctest.h>

#include "tests/emulator/ptx_program.h"

using namespace masktwins;
using namespace masktwins::tests;
using emulator::FindingKind;

namespace {

std::vector<uint32_t> lanes() {
  std::vector<uint32_t> numbers(32);
  for (uint32_t i = 0; i < 32; ++i) numbers[i] = i;
  return numbers;
}

std::vector<uint32_t> run(const std::string& body) { return per_lane<uint32_t>(lanes(), body); }

template <class Expected>
void check(const std::string& body, Expected expected) {
  CAPTURE(body);
  const std::vector<uint32_t> result = run(body);
  for (uint32_t lane = 0; lane < 32; ++lane) {
    CAPTURE(lane);
    CHECK(result[lane] == expected(lane));
  }
}

std::vector<FindingKind> kinds(const std::string& body) {
  const PtxProgram program(kernel(0, body));
  std::vector<FindingKind> kinds;
  for (const auto& [key, defect] : program.run({}, {32, 1, 1}, {}).defects) kinds.push_back(key.first);
  return kinds;
}

}  // namespace

TEST_CASE("shuffles move values within segments") {
  check("shfl.sync.up.b32 %r2, %r1, 3, 0, -1;", [](uint32_t l) { return l < 3 ? l : l - 3; });
  check("shfl.sync.down.b32 %r2, %r1, 5, 31, -1;", [](uint32_t l) { return l + 5 > 31 ? l : l + 5; });
  check("shfl.sync.bfly.b32 %r2, %r1, 6, 31, -1;", [](uint32_t l) { return l ^ 6u; });
  check("shfl.sync.idx.b32 %r2, %r1, 9, 31, -1;", [](uint32_t) { return 9u; });
  // Segments of 8: mask 24 in bits 8 to 12, clamp 7.
  check("shfl.sync.idx.b32 %r2, %r1, 2, 6175, -1;", [](uint32_t l) { return (l & 24u) + 2; });
  check("shfl.sync.down.b32 %r2|%p1, %r1, 2, 6151, -1; selp.u32 %r2, %r2, 99, %p1;",
        [](uint32_t l) { return l % 8 + 2 > 7 ? 99 : l + 2; });
  check("shfl.sync.up.b32 %r2, %r1, 2, 6144, -1;", [](uint32_t l) { return l % 8 < 2 ? l : l - 2; });
}

TEST_CASE("votes, matches and reductions") {
  check("setp.lt.u32 %p1, %r1, 5; vote.sync.ballot.b32 %r2, %p1, -1;", [](uint32_t) { return 31u; });
  check("setp.lt.u32 %p1, %r1, 5; vote.sync.any.pred %p2, %p1, -1; selp.u32 %r2, 1, 0, %p2;",
        [](uint32_t) { return 1u; });
  check("setp.lt.u32 %p1, %r1, 5; vote.sync.all.pred %p2, %p1, -1; selp.u32 %r2, 1, 0, %p2;",
        [](uint32_t) { return 0u; });
  check("setp.lt.u32 %p1, %r1, 5; vote.sync.uni.pred %p2, !%p1, -1; selp.u32 %r2, 1, 0, %p2;",
        [](uint32_t) { return 0u; });
  check("and.b32 %r3, %r1, 3; match.any.sync.b32 %r2, %r3, -1;",
        [](uint32_t l) { return 0x11111111u << (l & 3u); });
  check("match.all.sync.b32 %r2|%p1, 4, -1; selp.u32 %r2, %r2, 0, %p1;",
        [](uint32_t) { return 0xffffffffu; });
  check("match.all.sync.b32 %r2|%p1, %r1, -1; selp.u32 %r2, 1, %r2, %p1;", [](uint32_t) { return 0u; });
  check("redux.sync.add.u32 %r2, %r1, -1;", [](uint32_t) { return 496u; });
  check("sub.s32 %r3, %r1, 9; redux.sync.min.s32 %r2, %r3, -1;",
        [](uint32_t) { return static_cast<uint32_t>(-9); });
  check("redux.sync.xor.b32 %r2, %r1, -1;", [](uint32_t) { return 0u; });
}

TEST_CASE("diverged halves of a warp vote on their own") {
  check(
      "setp.lt.u32 %p1, %r1, 16;\n@%p1 bra low;\nactivemask.b32 %r2; bra end;\nlow:\nredux.sync.add.u32 %r2, "
      "1, 65535;\nend:",
      [](uint32_t l) { return l < 16 ? 16u : 0xffff0000u; });
}

TEST_CASE("masks that name absent lanes, or not the own lane, are found") {
  CHECK(kinds("setp.lt.u32 %p1, %r0, 16; @%p1 shfl.sync.down.b32 %r2, %r0, 1, 31, -1;") ==
        std::vector{FindingKind::warp_mask});
  CHECK(kinds("vote.sync.ballot.b32 %r2, 1, 15;") == std::vector{FindingKind::warp_mask});
  CHECK(kinds("setp.lt.u32 %p1, %r0, 8; @%p1 bar.warp.sync -1;") == std::vector{FindingKind::warp_mask});
  CHECK(kinds("setp.lt.u32 %p1, %r0, 8; @%p1 bar.warp.sync 255;").empty());
  // Lanes that have left need not come.
  CHECK(kinds("setp.ge.u32 %p1, %r0, 8; @%p1 exit; bar.warp.sync -1;").empty());
}

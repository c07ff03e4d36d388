// Divergence: where lanes meet again, loops of different length, early exits, jump tables.
#include <doctest/doctest.h>

#include "kernels/emulator/program/control_flow.h"
#include "tests/emulator/ptx_program.h"

using namespace masktwins;
using namespace masktwins::tests;

namespace {

std::vector<uint32_t> run(const std::string& body) {
  std::vector<uint32_t> lanes(32);
  for (uint32_t i = 0; i < 32; ++i) lanes[i] = i;
  return per_lane<uint32_t>(lanes, "mov.u32 %r2, 0;\n" + body);
}

emulator::Instruction branch(int target, bool conditional = true) {
  emulator::Instruction instruction;
  instruction.form = emulator::Branch{{target}, {}, -1};
  instruction.guarded = conditional;
  return instruction;
}
emulator::Instruction other() {
  emulator::Instruction instruction;
  instruction.form = emulator::Action([](emulator::Warp&) {});
  return instruction;
}
emulator::Instruction leave() {
  emulator::Instruction instruction;
  instruction.form = emulator::Return{};
  return instruction;
}

int meeting_point(std::vector<emulator::Instruction> code, std::size_t index) {
  emulator::find_reconvergence_points(code);
  return std::get<emulator::Branch>(code[index].form).reconvergence;
}

}  // namespace

TEST_CASE("branches meet at their immediate post-dominator") {
  // if: 0 -> 2, else 1; both go on at 2.
  CHECK(meeting_point({branch(2), other(), other(), leave()}, 0) == 2);
  // if-else: 0 -> 3, 1, 2 -> 4; both at 4.
  CHECK(meeting_point({branch(3), other(), branch(4, false), other(), other(), leave()}, 0) == 4);
  // A loop's back edge meets at the exit of the loop.
  CHECK(meeting_point({other(), branch(0), other(), leave()}, 1) == 2);
  // One path returns: nothing is common but the end.
  CHECK(meeting_point({branch(3), other(), leave(), other(), leave()}, 0) == -1);
  // An endless loop on one side.
  CHECK(meeting_point({branch(2), leave(), branch(2, false)}, 0) >= -1);
}

TEST_CASE("lanes that took different paths are together again afterwards") {
  const auto result = run(
      "and.b32 %r3, %r1, 1; setp.eq.u32 %p1, %r3, 0;\n@%p1 bra even;\nadd.u32 %r2, %r2, 100; bra join;\n"
      "even:\nadd.u32 %r2, %r2, 200;\njoin:\nactivemask.b32 %r4; popc.b32 %r4, %r4; add.u32 %r2, %r2, %r4;");
  for (uint32_t lane = 0; lane < 32; ++lane) CHECK(result[lane] == (lane % 2 == 0 ? 232 : 132));
}

TEST_CASE("loops run as long as each lane needs, with breaks out of the middle") {
  const auto result =
      run("mov.u32 %r3, 0;\nloop:\nsetp.ge.u32 %p1, %r3, %r1;\n@%p1 bra end;\nadd.u32 %r2, %r2, %r3;\n"
          "setp.eq.u32 %p2, %r3, 20;\n@%p2 bra end;\nadd.u32 %r3, %r3, 1; bra loop;\nend:\n"
          "activemask.b32 %r4; popc.b32 %r4, %r4; mad.lo.u32 %r2, %r4, 1000, %r2;");
  for (uint32_t lane = 0; lane < 32; ++lane) {
    uint32_t sum = 0;
    for (uint32_t i = 0; i < lane && i <= 20; ++i) sum += i;
    CHECK(result[lane] == sum + 32000);
  }
}

TEST_CASE("lanes leave for good, others go on") {
  const PtxProgram program(kernel(
      1,
      "mad.wide.u32 %rd1, %r0, 4, %rd0; st.global.u32 [%rd1], 1; setp.lt.u32 %p1, %r0, 10;\n"
      "@%p1 exit; setp.gt.u32 %p2, %r0, 25; @%p2 ret; activemask.b32 %r2; st.global.u32 [%rd1], %r2;"));
  const Buffer<uint32_t> out(std::size_t{32});
  CHECK(program.run({}, {32, 1, 1}, {out.address()}).defects.empty());
  const auto values = out.values();
  for (uint32_t lane = 0; lane < 32; ++lane) CHECK(values[lane] == (lane < 10 || lane > 25 ? 1 : 0x03fffc00));
}

TEST_CASE("a jump table sends every lane its own way") {
  const auto result =
      run("and.b32 %r3, %r1, 3;\ntable: .branchtargets a, b, c, b;\nbrx.idx %r3, table;\na:\nmov.u32 %r2, "
          "10; bra end;\n"
          "b:\nmov.u32 %r2, 20; bra end;\nc:\nmov.u32 %r2, 30;\nend:\nactivemask.b32 %r4; popc.b32 %r4, %r4; "
          "add.u32 %r2, %r2, %r4;");
  const uint32_t expected[] = {42, 52, 62, 52};
  for (uint32_t lane = 0; lane < 32; ++lane) CHECK(result[lane] == expected[lane % 4]);
}

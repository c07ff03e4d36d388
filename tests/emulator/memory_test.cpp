// Memory spaces, vectors, asynchronous copies and atomics, and accesses that go wrong.
#include <doctest/doctest.h>

#include <bit>

#include "kernels/emulator/instructions/half_numbers.h"
#include "tests/emulator/ptx_program.h"

using namespace masktwins;
using namespace masktwins::tests;
using emulator::FindingKind;
using emulator::Half;

namespace {

// The output buffer (64 words) after one warp has run the body; %rd0 is the buffer, %rd1 the input.
struct Result {
  std::vector<uint32_t> values;
  std::vector<FindingKind> kinds;
  std::string detail;
};

Result run(const std::string& body, unsigned threads = 32) {
  const Buffer<uint32_t> out(std::vector<uint32_t>(64, 0));
  std::vector<uint32_t> input(64);
  for (uint32_t i = 0; i < 64; ++i) input[i] = i * 0x01010101u;
  const Buffer<uint32_t> in(input);
  const emulator::Observations seen =
      PtxProgram(kernel(2, "mul.wide.u32 %rd9, %r0, 4; add.u64 %rd8, %rd0, %rd9;\n" + body))
          .run({}, {threads, 1, 1}, {out.address(), in.address()});
  Result result{out.values(), {}, ""};
  for (const auto& [key, defect] : seen.defects) {
    result.kinds.push_back(key.first);
    result.detail = defect.detail;
  }
  return result;
}

}  // namespace

TEST_CASE("vectors, narrow elements and unused ones") {
  const Result result =
      run("ld.global.v4.u32 {%r1, _, %r3, %r4}, [%rd1+16]; st.global.v2.u32 [%rd0], {%r1, %r4};\n"
          "ld.global.s8 %r5, [%rd1+1000]; st.global.u32 [%rd0+8], %r5;",
          1);
  CHECK(result.kinds == std::vector{FindingKind::out_of_bounds});
  CHECK(result.values[0] == 0x04040404);
  CHECK(result.values[1] == 0x07070707);
  const Result narrow =
      run("mov.u32 %r1, 0x80FF; st.global.b8 [%rd0], %r1; st.global.b16 [%rd0+4], %r1; ld.global.s8 %r2, "
          "[%rd0];\n"
          "st.global.u32 [%rd0+8], %r2; ld.global.u8 %h1, [%rd0]; cvt.u32.u16 %r3, %h1; st.global.u32 "
          "[%rd0+12], %r3;\n"
          "ld.global.s16 %rd5, [%rd0+4]; st.global.u64 [%rd0+16], %rd5;",
          1);
  CHECK(narrow.values[0] == 0xff);
  CHECK(narrow.values[1] == 0x80ff);
  CHECK(narrow.values[2] == 0xffffffff);
  CHECK(narrow.values[3] == 0xff);
  CHECK(narrow.values[4] == 0xffff80ff);
  CHECK(narrow.values[5] == 0xffffffff);
}

TEST_CASE("generic addresses reach every space") {
  const Result result =
      run(".shared .b32 s[4]; .local .b32 l[4];\nmov.u64 %rd2, s; cvta.shared.u64 %rd3, %rd2; st.u32 "
          "[%rd3+4], 11;\n"
          "ld.shared.u32 %r1, [s+4]; mov.u64 %rd4, l; cvta.local.u64 %rd5, %rd4; st.local.u32 [l+8], 22; "
          "ld.u32 %r2, [%rd5+8];\n"
          "mov.u64 %rd6, p1; cvta.param.u64 %rd7, %rd6; ld.u64 %rd10, [%rd7]; sub.u64 %rd10, %rd10, %rd1; "
          "cvt.u32.u64 %r3, %rd10;\n"
          "ld.u32 %r4, [%rd1+8]; isspacep.shared %p1, %rd3; selp.u32 %r5, 1, 0, %p1; isspacep.global %p2, "
          "%rd3; selp.u32 %r6, 1, 0, %p2;\n"
          "st.global.v4.u32 [%rd0], {%r1, %r2, %r3, %r4}; st.global.v2.u32 [%rd0+16], {%r5, %r6};",
          1);
  CHECK(result.kinds.empty());
  CHECK(result.values[0] == 11);
  CHECK(result.values[1] == 22);
  CHECK(result.values[2] == 0);
  CHECK(result.values[3] == 0x02020202);
  CHECK(result.values[4] == 1);
  CHECK(result.values[5] == 0);
}

TEST_CASE("local memory belongs to one lane") {
  const Result result =
      run(".local .b32 l[2];\nst.local.u32 [l], %r0; ld.local.u32 %r1, [l]; st.global.u32 [%rd8], %r1;");
  for (uint32_t lane = 0; lane < 32; ++lane) CHECK(result.values[lane] == lane);
}

TEST_CASE("cp.async delivers at the wait, and fills up with zero") {
  const Result result =
      run(".shared .align 16 .b32 s[8];\nst.shared.v4.u32 [s], {1, 1, 1, 1}; st.shared.v4.u32 [s+16], {1, 1, "
          "1, 1}; mov.u32 %r1, s;\n"
          "cp.async.cg.shared.global [%r1], [%rd1+16], 16; cp.async.commit_group; mov.u32 %r2, 8;\n"
          "cp.async.ca.shared.global [%r1+16], [%rd1+32], 16, %r2; cp.async.commit_group; "
          "cp.async.wait_group 1;\n"
          "ld.shared.v4.u32 {%r3, %r4, %r5, %r6}, [s]; st.global.v4.u32 [%rd0], {%r3, %r4, %r5, %r6}; "
          "cp.async.wait_all;\n"
          "ld.shared.v4.u32 {%r3, %r4, %r5, %r6}, [s+16]; st.global.v4.u32 [%rd0+16], {%r3, %r4, %r5, %r6};",
          1);
  CHECK(result.kinds.empty());
  CHECK(std::vector(result.values.begin(), result.values.begin() + 8) ==
        std::vector<uint32_t>{0x04040404, 0x05050505, 0x06060606, 0x07070707, 0x08080808, 0x09090909, 0, 0});
}

TEST_CASE("reading what cp.async still copies gives the old bytes and a finding") {
  const Result result =
      run(".shared .align 16 .b32 s[4];\nst.shared.u32 [s], 1; mov.u32 %r1, s;\n"
          "cp.async.ca.shared.global [%r1], [%rd1+16], 4; cp.async.commit_group; cp.async.wait_group 1;\n"
          "ld.shared.u32 %r3, [s]; st.global.u32 [%rd0], %r3;",
          1);
  CHECK(result.kinds == std::vector{FindingKind::async_copy});
  CHECK(result.values[0] == 1);
}

TEST_CASE("atomics") {
  const auto after = [](uint32_t start, const std::string& atomic) {
    const Result result = run(
        "st.global.u32 [%rd0], " + std::to_string(start) + "; " + atomic + "\nst.global.u32 [%rd0+4], %r1;",
        1);
    CHECK(result.kinds.empty());
    return std::vector(result.values.begin(), result.values.begin() + 2);
  };
  CHECK(after(7, "atom.global.add.u32 %r1, [%rd0], 5;") == std::vector<uint32_t>{12, 7});
  CHECK(after(7, "atom.global.inc.u32 %r1, [%rd0], 7;") == std::vector<uint32_t>{0, 7});
  CHECK(after(0, "atom.global.dec.u32 %r1, [%rd0], 7;") == std::vector<uint32_t>{7, 0});
  CHECK(after(7, "atom.global.cas.b32 %r1, [%rd0], 7, 9;") == std::vector<uint32_t>{9, 7});
  CHECK(after(7, "atom.global.cas.b32 %r1, [%rd0], 8, 9;") == std::vector<uint32_t>{7, 7});
  CHECK(after(0xffffffff, "atom.global.min.s32 %r1, [%rd0], 3;") ==
        std::vector<uint32_t>{0xffffffff, 0xffffffff});
  CHECK(after(0xffffffff, "atom.global.min.u32 %r1, [%rd0], 3;") == std::vector<uint32_t>{3, 0xffffffff});
  CHECK(after(std::bit_cast<uint32_t>(1.5f),
              "mov.u32 %r1, 0; red.relaxed.gpu.global.add.f32 [%rd0], 0f3F800000;") ==
        std::vector<uint32_t>{std::bit_cast<uint32_t>(2.5f), 0});
  const uint32_t pair = static_cast<uint32_t>(Half::from(3).bits) << 16 | Half::from(0.5).bits;
  CHECK(after(pair, "mov.u32 %r2, " + std::to_string(pair) +
                        "; mov.u32 %r1, 0; red.global.add.noftz.f16x2 [%rd0], %r2;") ==
        std::vector<uint32_t>{static_cast<uint32_t>(Half::from(6).bits) << 16 | Half::from(1).bits, 0});
}

TEST_CASE("atomics of all lanes and all threads add up") {
  const PtxProgram program(kernel(1, "atom.global.add.u32 %r1, [%rd0], 1;"));
  const Buffer<uint32_t> out(std::vector<uint32_t>{0});
  emulator::Options options;
  options.threads = 4;
  program.run({50, 1, 1}, {96, 1, 1}, {out.address()}, options);
  CHECK(out.values()[0] == 50 * 96);
}

TEST_CASE("accesses outside their memory are found, in every space") {
  const Result global = run("st.global.u32 [%rd8+132], 1;");
  CHECK(global.kinds == std::vector{FindingKind::out_of_bounds});
  CHECK(global.detail == "thread (31,0,0) of block (0,0,0) writes 4 bytes of global memory at " +
                             global.detail.substr(global.detail.find("address")));
  CHECK(global.detail.find("0 bytes past the end of buffer (256 bytes)") != std::string::npos);
  CHECK(run("mov.u64 %rd2, 0; ld.global.u32 %r1, [%rd2];", 1).kinds ==
        std::vector{FindingKind::out_of_bounds});
  CHECK(run(".shared .b32 s[4];\nst.shared.u32 [s+16], 1;", 1).kinds ==
        std::vector{FindingKind::out_of_bounds});
  CHECK(run(".local .b32 l[4];\nst.local.u32 [l+16], 1;", 1).kinds ==
        std::vector{FindingKind::out_of_bounds});
  CHECK(
      run(".shared .align 16 .b32 s[4];\nmov.u32 %r1, s; cp.async.ca.shared.global [%r1], [%rd1+256], 4;", 1)
          .kinds == std::vector{FindingKind::out_of_bounds});
}

TEST_CASE("misaligned accesses are found") {
  CHECK(run("ld.global.v4.u32 {%r1, %r2, %r3, %r4}, [%rd1+8];", 1).kinds ==
        std::vector{FindingKind::misaligned});
  CHECK(run(".shared .align 16 .b32 s[4];\nst.shared.u16 [s+1], 5;", 1).kinds ==
        std::vector{FindingKind::misaligned});
}

TEST_CASE("a host pointer in a kernel is found") {
  uint32_t here = 0;
  const Result result = run(
      "mov.u64 %rd2, " + std::to_string(reinterpret_cast<uint64_t>(&here)) + "; ld.global.u32 %r1, [%rd2];",
      1);
  CHECK(result.kinds == std::vector{FindingKind::pointer_confusion});
}

TEST_CASE("freed memory is out of bounds") {
  uint64_t gone = 0;
  { gone = Buffer<uint32_t>(std::size_t{4}).address(); }
  CHECK(run("mov.u64 %rd2, " + std::to_string(gone) + "; ld.global.u32 %r1, [%rd2];", 1).kinds ==
        std::vector{FindingKind::out_of_bounds});
}

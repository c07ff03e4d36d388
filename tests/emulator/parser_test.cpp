// PTX text to syntax, and the errors for text that is not understood.
#include <doctest/doctest.h>

#include "kernels/emulator/error.h"
#include "kernels/emulator/ptx/parser.h"
#include "tests/emulator/ptx_program.h"

using namespace masktwins;
using namespace masktwins::emulator;

namespace {

// The message of the error, or nothing.
template <class Body>
std::string error_of(Body&& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

std::string parse_error(const std::string& text) {
  return error_of([&] { ptx::parse(text); });
}
std::string decode_error(const std::string& body) {
  return error_of([&] { tests::PtxProgram program(tests::kernel(0, body)); });
}

const ptx::Instruction& instruction(const ptx::Module& module, std::size_t index) {
  return std::get<ptx::Instruction>(module.functions.at(0).body.at(index));
}

}  // namespace

TEST_CASE("instructions are split into opcode, modifiers, guard and operands") {
  const ptx::Module module = ptx::parse(
      ".version 9.0\n.target sm_80\n.visible .entry k(.param .u64 a) {\n"
      "@!%p1 ld.shared::cta.v4.f32 {%f1, _, %f3, %f4}, [%r1+-16]; // comment\n"
      "setp.lt.and.f32 %p1|%p2, %f1, 0f3F800000, !%p3; }");
  const ptx::Instruction& load = instruction(module, 0);
  CHECK(load.text() == "ld.shared::cta.v4.f32");
  CHECK(load.guard == "%p1");
  CHECK(load.guard_negated);
  CHECK(load.ptx_line == 4);
  CHECK(load.operands[0].list.size() == 4);
  CHECK(load.operands[1].name == "%r1");
  CHECK(load.operands[1].integer == -16);
  const ptx::Instruction& compare = instruction(module, 1);
  CHECK(compare.operands[0].second_name == "%p2");
  CHECK(compare.operands[2].real == 1);
  CHECK(compare.operands[3].negated);
}

TEST_CASE("variables carry alignment, length and initial values") {
  const ptx::Module module = ptx::parse(
      ".global .align 16 .b8 bytes[4] = {1, -1, 255};\n.const .f32 one = 0f3F800000;\n"
      ".global .u64 pointer = generic(bytes)+2;\n.extern .shared .align 16 .b8 dynamic[];\n.global .b32 "
      "grid[2][3];");
  REQUIRE(module.variables.size() == 5);
  CHECK(module.variables[0].alignment == 16);
  CHECK(module.variables[0].bytes() == 4);
  CHECK(module.variables[0].initial[1].bits == ~uint64_t{0});
  CHECK(module.variables[1].initial[0].bits == 0x3f800000);
  CHECK(module.variables[2].initial[0].symbol == "bytes");
  CHECK(module.variables[2].initial[0].bits == 2);
  CHECK(module.variables[3].count == 0);
  CHECK(module.variables[4].bytes() == 24);
}

TEST_CASE("source lines follow .loc, through every level of inlining") {
  const ptx::Module module = ptx::parse(
      ".visible .entry k() {\n.loc 1 10 5\nret;\n"
      ".loc 2 20 7, function_name $L__info_string0, inlined_at 1 10 5\nret;\n"
      ".loc 3 30 9, function_name $L__info_string1, inlined_at 2 20 7\nret; }\n"
      ".file 1 \"a.cu\"\n.file 2 \"b.cuh\"\n.file 3 \"c.cuh\"\n");
  CHECK(instruction(module, 0).location.line == 10);
  CHECK(instruction(module, 0).location.inlined_line == 0);
  CHECK(instruction(module, 2).location.line == 30);
  CHECK(instruction(module, 2).location.inlined_file == 1);
  CHECK(instruction(module, 2).location.inlined_line == 10);
  CHECK(module.files.at(2) == "b.cuh");
}

TEST_CASE("text that is not PTX is an error that names the line") {
  CHECK(parse_error(".version 9.0\n.nonsense\n") == "PTX line 2: unknown directive at '.nonsense'");
  CHECK(parse_error(".visible .entry k() {\nadd.s32 %r1, %r2 %r3;\n}") ==
        "PTX line 2: expected ',' at '%r3'");
  CHECK(parse_error(".visible .entry k() {\nret;\n").find("does not end") != std::string::npos);
  CHECK(parse_error(".global .b99 x;") == "PTX line 1: expected a type at '.b99'");
  CHECK(parse_error(".global .b32 x[-1];").find("no sensible length") != std::string::npos);
  CHECK(parse_error(".global .align 0 .b32 x;").find("alignment must be positive") != std::string::npos);
  CHECK(parse_error(".global .b32 x = 12z;") == "PTX line 1: '12z' is not a number at ';'");
}

TEST_CASE("instructions that are not known are errors that name them") {
  CHECK(decode_error("frobnicate.u32 %r1, %r2;").find("frobnicate.u32: the emulator does not know") !=
        std::string::npos);
  CHECK(decode_error("add.strange.s32 %r1, %r2, %r3;").find("modifier .strange is not known") !=
        std::string::npos);
  CHECK(decode_error("add.s32 %r1, %r2, %missing;").find("'%missing' is not known") != std::string::npos);
  CHECK(decode_error("add.s32 %r1, %r2, %rd3;").find("%rd3 has 8 bytes, but 4 are needed") !=
        std::string::npos);
  CHECK(decode_error("add.s32 %r1, %r2;").find("operand 3 is missing") != std::string::npos);
  CHECK(decode_error("bra nowhere;").find("'nowhere', which is missing") != std::string::npos);
  CHECK(decode_error("add.s32 %r1, %r2, %r99;").find("'%r99' is not known") != std::string::npos);
  CHECK(decode_error("call.uni (%r1), absent, ();").find("is not a .param variable") != std::string::npos);
}

TEST_CASE("parsing cut-off text never crashes") {
  const std::string text =
      ".version 9.0\n" +
      tests::kernel(1,
                    ".pragma \"nounroll\"; @%p1 ld.global.v2.u32 {%r1, %r2}, [%rd1+4]; /* x */\n"
                    "l: mov.b64 %rd1, {%r1, %r2};\nbra l;");
  for (std::size_t length = 0; length < text.size(); ++length) parse_error(text.substr(0, length));
}

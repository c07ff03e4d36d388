// ldmatrix, stmatrix and every shape of mma, with fragments filled from the tables of the PTX ISA.
#include <doctest/doctest.h>

#include <bit>

#include "kernels/emulator/instructions/half_numbers.h"
#include "tests/emulator/ptx_program.h"

using namespace masktwins;
using namespace masktwins::tests;
using emulator::Brain;
using emulator::Half;

namespace {

int a_value(int row, int k) { return row * 7 % 5 - k * 3 % 7 + 1; }
int b_value(int k, int column) { return k * 5 % 9 - column; }
int c_value(int row, int column) { return row - 3 * column; }

uint32_t encode(const std::string& type, int value) {
  if (type == "f16") return Half::from(value).bits;
  if (type == "bf16") return Brain::from(value).bits;
  return std::bit_cast<uint32_t>(static_cast<float>(value));
}

// One register of A: lane / 4 is the row, 8 more for odd registers; 16-bit types hold two k.
uint32_t a_register(const std::string& type, int index, int lane) {
  const int row = lane / 4 + index % 2 * 8;
  if (type == "tf32") return encode(type, a_value(row, lane % 4 + index / 2 * 4));
  const int k = lane % 4 * 2 + index / 2 * 8;
  return encode(type, a_value(row, k + 1)) << 16 | encode(type, a_value(row, k));
}
uint32_t b_register(const std::string& type, int index, int lane) {
  if (type == "tf32") return encode(type, b_value(lane % 4 + index * 4, lane / 4));
  const int k = lane % 4 * 2 + index * 8;
  return encode(type, b_value(k + 1, lane / 4)) << 16 | encode(type, b_value(k, lane / 4));
}

// Runs one mma with registers loaded from a table of 12 words per lane and compares all of D.
void check_mma(const std::string& type, int depth, const std::string& result_type) {
  CAPTURE(type);
  CAPTURE(depth);
  const int per_register = type == "tf32" ? 4 : 8;
  const int b_registers = depth / per_register, a_registers = 2 * b_registers;
  const int c_registers = result_type == "f16" ? 2 : 4;
  std::vector<uint32_t> table(32 * 12);
  for (int lane = 0; lane < 32; ++lane) {
    uint32_t* words = &table[static_cast<std::size_t>(lane) * 12];
    for (int i = 0; i < a_registers; ++i) words[i] = a_register(type, i, lane);
    for (int i = 0; i < b_registers; ++i) words[4 + i] = b_register(type, i, lane);
    for (int i = 0; i < 4; ++i) {
      const int value = c_value(lane / 4 + i / 2 * 8, lane % 4 * 2 + i % 2);
      if (result_type == "f32") words[8 + i] = encode("f32", value);
      else words[8 + i / 2] |= encode("f16", value) << (16 * (i % 2));
    }
  }
  const auto list = [](int begin, int count) {
    std::string text = "{";
    for (int i = 0; i < count; ++i)
      text += (i > 0 ? ", " : "") + std::string("%r") + std::to_string(begin + i);
    return text + "}";
  };
  std::string body = "mad.wide.u32 %rd0, %r0, 48, %rd0; mad.wide.u32 %rd1, %r0, 16, %rd1;\n";
  for (int i = 0; i < 12; ++i)
    body += "ld.global.u32 %r" + std::to_string(10 + i) + ", [%rd0+" + std::to_string(4 * i) + "];\n";
  body += "mma.sync.aligned.m16n8k" + std::to_string(depth) + ".row.col." + result_type + "." + type + "." +
          type + "." + result_type + " " + list(30, c_registers) + ", " + list(10, a_registers) + ", " +
          list(14, b_registers) + ", " + list(18, c_registers) + ";\n";
  for (int i = 0; i < c_registers; ++i)
    body += "st.global.u32 [%rd1+" + std::to_string(4 * i) + "], %r" + std::to_string(30 + i) + ";\n";
  const Buffer<uint32_t> in(table), out(std::vector<uint32_t>(128, 0));
  CHECK(PtxProgram(kernel(2, body)).run({}, {32, 1, 1}, {in.address(), out.address()}).defects.empty());
  const std::vector<uint32_t> d = out.values();
  for (int lane = 0; lane < 32; ++lane)
    for (int i = 0; i < 4; ++i) {
      const int row = lane / 4 + i / 2 * 8, column = lane % 4 * 2 + i % 2;
      int expected = c_value(row, column);
      for (int k = 0; k < depth; ++k) expected += a_value(row, k) * b_value(k, column);
      const std::size_t at = static_cast<std::size_t>(lane) * 4;
      const float found =
          result_type == "f32"
              ? std::bit_cast<float>(d[at + static_cast<std::size_t>(i)])
              : widen(Half{static_cast<uint16_t>(d[at + static_cast<std::size_t>(i / 2)] >> (16 * (i % 2)))});
      CHECK(found == static_cast<float>(expected));
    }
}

// 16-bit element `index` of the lane's register after `body`, from a matrix of 0..63 in shared memory `s`.
std::vector<uint32_t> matrix_lanes(const std::string& body) {
  std::string text = ".shared .align 16 .b16 s[64];\n";
  for (int i = 0; i < 64; ++i)
    text += "mov.b16 %h1, " + std::to_string(i) + "; st.shared.b16 [s+" + std::to_string(2 * i) + "], %h1;\n";
  text += "bar.sync 0; mov.u32 %r4, s; and.b32 %r5, %r0, 7; shl.b32 %r5, %r5, 4; add.u32 %r4, %r4, %r5;\n" +
          body + "\nmad.wide.u32 %rd1, %r0, 4, %rd0; st.global.u32 [%rd1], %r2;";
  const Buffer<uint32_t> out(std::size_t{32});
  emulator::Options options;
  options.checks = false;  // every lane fills the same matrix
  CHECK(PtxProgram(kernel(1, text)).run({}, {32, 1, 1}, {out.address()}, options).defects.empty());
  return out.values();
}

}  // namespace

TEST_CASE("every shape and type of mma") {
  for (const std::string type : {"f16", "bf16"})
    for (const int depth : {8, 16}) check_mma(type, depth, "f32");
  check_mma("f16", 8, "f16");
  check_mma("f16", 16, "f16");
  check_mma("tf32", 4, "f32");
  check_mma("tf32", 8, "f32");
}

TEST_CASE("ldmatrix gives each lane two neighbours of a row, or of a column") {
  const auto rows = matrix_lanes("ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r2}, [%r4];");
  const auto columns = matrix_lanes("ldmatrix.sync.aligned.m8n8.x1.trans.shared.b16 {%r2}, [%r4];");
  for (uint32_t lane = 0; lane < 32; ++lane) {
    const uint32_t row = lane / 4, column = lane % 4 * 2;
    CHECK(rows[lane] == ((row * 8 + column + 1) << 16 | (row * 8 + column)));
    CHECK(columns[lane] == (((column + 1) * 8 + row) << 16 | (column * 8 + row)));
  }
}

TEST_CASE("stmatrix undoes ldmatrix") {
  const auto again = matrix_lanes(
      "ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r2}, [%r4]; stmatrix.sync.aligned.m8n8.x1.trans.shared.b16 "
      "[%r4], {%r2};\n"
      "ldmatrix.sync.aligned.m8n8.x1.trans.shared.b16 {%r2}, [%r4];");
  for (uint32_t lane = 0; lane < 32; ++lane)
    CHECK(again[lane] == ((lane / 4 * 8 + lane % 4 * 2 + 1) << 16 | (lane / 4 * 8 + lane % 4 * 2)));
}

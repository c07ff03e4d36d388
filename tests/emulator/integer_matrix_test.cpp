// mma and wmma of 8-bit whole numbers, and the differences of four bytes.
#include <doctest/doctest.h>

#include <cstdlib>

#include "tests/emulator/ptx_program.h"

using namespace masktwins;
using namespace masktwins::tests;

namespace {

std::vector<uint8_t> bytes(int count, int step) {
  std::vector<uint8_t> values;
  for (int i = 0; i < count; ++i) values.push_back(static_cast<uint8_t>(i * step % 251));
  return values;
}

int whole(uint8_t byte, bool is_signed) { return is_signed ? static_cast<int8_t>(byte) : byte; }

// Row by row; a has `depth` bytes in a row, b has them in a column.
std::vector<int32_t> product(const std::vector<uint8_t>& a, const std::vector<uint8_t>& b, int m, int n,
                             int depth, bool a_signed, bool b_signed, int addend) {
  std::vector<int32_t> result;
  for (int row = 0; row < m; ++row)
    for (int column = 0; column < n; ++column) {
      int32_t sum = addend;
      for (int k = 0; k < depth; ++k)
        sum += whole(a[static_cast<std::size_t>(row * depth + k)], a_signed) *
               whole(b[static_cast<std::size_t>(column * depth + k)], b_signed);
      result.push_back(sum);
    }
  return result;
}

// Fragments as the tables of the PTX ISA say: lane l has row l / 4 of A (and that + 8) and column l / 4 of B,
// four bytes from 4 (l % 4) on (and from that + 16 on).
std::vector<int32_t> run_mma(const std::vector<uint8_t>& a, const std::vector<uint8_t>& b, int depth,
                             const std::string& name, const std::string& types) {
  const std::string n = std::to_string(depth), down = std::to_string(8 * depth);
  std::string text = "shr.u32 %r1, %r0, 2; and.b32 %r2, %r0, 3; shl.b32 %r3, %r2, 2; mad.lo.u32 %r3, %r1, " +
                     n +
                     ", %r3; cvt.u64.u32 %rd3, %r3; add.u64 %rd0, %rd0, %rd3; add.u64 %rd1, %rd1, %rd3;\n"
                     "ld.global.u32 %r10, [%rd0]; ld.global.u32 %r11, [%rd0+" +
                     down + "]; ld.global.u32 %r14, [%rd1];\n";
  if (depth == 32)
    text += "ld.global.u32 %r12, [%rd0+16]; ld.global.u32 %r13, [%rd0+" + std::to_string(8 * depth + 16) +
            "]; ld.global.u32 %r15, [%rd1+16];\n";
  const std::string in_a = depth == 32 ? "{%r10, %r11, %r12, %r13}" : "{%r10, %r11}";
  const std::string in_b = depth == 32 ? "{%r14, %r15}" : "{%r14}";
  text += "mov.u32 %r20, 3; mma.sync.aligned." + name + ".row.col." + types + " {%r30, %r31, %r32, %r33}, " +
          in_a + ", " + in_b +
          ", {%r20, %r20, %r20, %r20};\n"
          "mul.lo.u32 %r1, %r1, 32; mad.lo.u32 %r1, %r2, 8, %r1; cvt.u64.u32 %rd3, %r1; add.u64 %rd2, %rd2, "
          "%rd3;\n"
          "st.global.v2.u32 [%rd2], {%r30, %r31}; st.global.v2.u32 [%rd2+256], {%r32, %r33};";
  const Buffer<uint8_t> left(a), right(b);
  const Buffer<int32_t> out(std::size_t{128});
  const auto seen =
      PtxProgram(kernel(3, text)).run({}, {32, 1, 1}, {left.address(), right.address(), out.address()});
  CHECK(seen.defects.empty());
  return out.values();
}

}  // namespace

TEST_CASE("mma of signed and unsigned bytes") {
  for (const int depth : {16, 32}) {
    const auto a = bytes(16 * depth, 37), b = bytes(8 * depth, 53);
    const std::string name = "m16n8k" + std::to_string(depth);
    CHECK(run_mma(a, b, depth, name, "s32.s8.s8.s32") == product(a, b, 16, 8, depth, true, true, 3));
    CHECK(run_mma(a, b, depth, name, "satfinite.s32.u8.s8.s32") ==
          product(a, b, 16, 8, depth, false, true, 3));
  }
}

TEST_CASE("wmma of bytes, in every shape") {
  struct Shape {
    int m, n, a, b;  // registers of A and B
  };
  for (const Shape& shape : {Shape{16, 16, 2, 2}, Shape{32, 8, 4, 1}, Shape{8, 32, 1, 4}})
    for (const bool is_signed : {true, false}) {
      const auto a = bytes(shape.m * 16, 37), b = bytes(shape.n * 16, 53);
      const auto list = [](int begin, int count) {
        std::string text = "{";
        for (int i = 0; i < count; ++i) text += (i > 0 ? ", %r" : "%r") + std::to_string(begin + i);
        return text + "}";
      };
      const std::string name = "m" + std::to_string(shape.m) + "n" + std::to_string(shape.n) + "k16";
      const std::string type = is_signed ? "s8" : "u8";
      std::string text = "wmma.load.a.sync.aligned.row." + name + ".global." + type + " " +
                         list(10, shape.a) + ", [%rd0];\nwmma.load.b.sync.aligned.col." + name + ".global." +
                         type + " " + list(20, shape.b) + ", [%rd1];\n";
      for (int i = 30; i < 38; ++i) text += "mov.u32 %r" + std::to_string(i) + ", 3;\n";
      text += "wmma.mma.sync.aligned.row.col." + name + ".s32." + type + "." + type + ".s32 " + list(40, 8) +
              ", " + list(10, shape.a) + ", " + list(20, shape.b) + ", " + list(30, 8) +
              ";\nwmma.store.d.sync.aligned.row." + name + ".global.s32 [%rd2], " + list(40, 8) + ";";
      const Buffer<uint8_t> left(a), right(b);
      const Buffer<int32_t> out(static_cast<std::size_t>(shape.m * shape.n));
      const auto seen =
          PtxProgram(kernel(3, text)).run({}, {32, 1, 1}, {left.address(), right.address(), out.address()});
      CHECK(seen.defects.empty());
      CHECK(out.values() == product(a, b, shape.m, shape.n, 16, is_signed, is_signed, 3));
    }
}

TEST_CASE("differences of four bytes, and their sum") {
  const auto differences = [](const std::string& name, uint32_t a, const std::string& b) {
    return per_lane<uint32_t>(std::vector<uint32_t>{a}, name + " %r2, %r1, " + b + ", 100;")[0];
  };
  CHECK(differences("vabsdiff4.u32.u32.u32", 0x01ff0580, "0x05010580") == 0x04fe0000);
  CHECK(differences("vabsdiff4.u32.s32.s32", 0x01ff0580, "0x0501057f") == 0x040200ff);
  CHECK(differences("vabsdiff4.u32.u32.u32.add", 0x01ff0580, "0x05010580") == 100 + 4 + 254);
}

TEST_CASE("cache policies and hints change nothing") {
  const Buffer<uint32_t> in(std::vector<uint32_t>(32, 7)), out(std::size_t{32});
  const PtxProgram program(kernel(2,
                                  "mad.wide.u32 %rd3, %r0, 4, %rd0; mad.wide.u32 %rd4, %r0, 4, %rd1;\n"
                                  "createpolicy.fractional.L2::evict_last.b64 %rd5, 1.0;\n"
                                  "ld.global.nc.L1::no_allocate.L2::cache_hint.u32 %r2, [%rd3], %rd5;\n"
                                  "st.global.L2::cache_hint.u32 [%rd4], %r2, %rd5;"));
  CHECK(program.run({}, {32, 1, 1}, {in.address(), out.address()}).defects.empty());
  CHECK(out.values() == in.values());
}

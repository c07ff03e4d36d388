// SIMD video instructions that the compiler's intrinsics still use (PTX ISA, "Video Instructions"): the
// differences of four bytes, and their sum.
#include <cstdlib>

#include "kernels/emulator/instructions/lanewise.h"
#include "kernels/emulator/instructions/rules.h"

namespace masktwins::emulator {
namespace {

int byte_of(uint32_t word, int index, bool is_signed) {
  const auto byte = static_cast<uint8_t>(word >> (8 * index));
  return is_signed ? static_cast<int8_t>(byte) : byte;
}

bool has_sign(Decoder& decode) {
  const Type type = decode.type();
  if (type != Type::s32 && type != Type::u32) decode.unsupported("only u32 and s32 are known");
  return type == Type::s32;
}

// vabsdiff4.d.a.b{.add} d, a, b, c: with .add the sum of the four and c, else each in its own byte.
Form absolute_differences(Decoder& decode) {
  const bool sums = decode.flag("add");
  const bool saturates = decode.flag("sat");
  const bool d_signed = has_sign(decode), a_signed = has_sign(decode), b_signed = has_sign(decode);
  if (saturates && sums) decode.unsupported(".sat with .add is not known");
  return ternary<uint32_t>(decode, [=](uint32_t a, uint32_t b, uint32_t c) {
    uint32_t sum = c, bytes = 0;
    for (int i = 0; i < 4; ++i) {
      int difference = std::abs(byte_of(a, i, a_signed) - byte_of(b, i, b_signed));
      sum += static_cast<uint32_t>(difference);
      if (saturates && d_signed && difference > 127) difference = 127;
      bytes |= (static_cast<uint32_t>(difference) & 0xffu) << (8 * i);
    }
    return sums ? sum : bytes;
  });
}

}  // namespace

void add_video_rules(Rules& rules) { rules.add("vabsdiff4", absolute_differences); }

}  // namespace masktwins::emulator

// mma of 8-bit whole numbers (PTX ISA, "Warp Level Matrix Instructions: mma", integer types): m16n8k16,
// m16n8k32.
#include "kernels/emulator/instructions/integer_matrix.h"

#include <algorithm>
#include <limits>

#include "kernels/emulator/instructions/members.h"

namespace masktwins::emulator {
namespace {

constexpr int m = 16, n = 8, largest_depth = 32, per_register = 4;

// D (16 x 8) = A (16 x depth, row by row) * B (depth x 8, column by column) + C.
struct Product {
  int depth = 16;
  bool a_signed = true, b_signed = true, saturates = false;
  std::vector<Source<uint32_t>> a, b, c;
  std::vector<Destination<uint32_t>> d;
};

int element(uint32_t word, int index, bool is_signed) {
  const auto byte = static_cast<uint8_t>(word >> (8 * index));
  return is_signed ? static_cast<int8_t>(byte) : byte;
}

uint32_t result_of(int64_t sum, bool saturates) {
  using Limits = std::numeric_limits<int32_t>;
  if (saturates) sum = std::clamp<int64_t>(sum, Limits::min(), Limits::max());
  return static_cast<uint32_t>(sum);
}

void multiply(Warp& warp, const Product& product) {
  int a[m][largest_depth], b[n][largest_depth];
  for (int lane = 0; lane < warp_size; ++lane) {
    const int group = lane / 4, place = lane % 4 * per_register;
    for (int j = 0; j < per_register; ++j) {
      // Registers of A go down by 8 rows first, then along k; those of B along k.
      for (std::size_t i = 0; i < product.a.size(); ++i)
        a[group + 8 * (i % 2)][i / 2 * 16 + static_cast<std::size_t>(place + j)] =
            element(warp.lanes(product.a[i])[lane], j, product.a_signed);
      for (std::size_t i = 0; i < product.b.size(); ++i)
        b[group][i * 16 + static_cast<std::size_t>(place + j)] =
            element(warp.lanes(product.b[i])[lane], j, product.b_signed);
    }
  }
  for (std::size_t i = 0; i < product.d.size(); ++i) {
    const auto* addends = warp.lanes(product.c[i]);
    warp.write(product.d[i], [&](int lane) {
      const auto &row = a[lane / 4 + 8 * static_cast<int>(i / 2)],
                 &column = b[2 * (lane % 4) + static_cast<int>(i % 2)];
      int64_t sum = static_cast<int32_t>(addends[lane]);
      for (int k = 0; k < product.depth; ++k) sum += row[k] * column[k];
      return result_of(sum, product.saturates);
    });
  }
}

bool signed_elements(Decoder& decode) {
  const Type type = decode.type();
  if (type != Type::s8 && type != Type::u8) decode.unsupported("only elements of 8 bits are known");
  return type == Type::s8;
}

}  // namespace

Form multiply_integer_matrices(Decoder& decode) {
  Product product;
  product.depth = decode.choose<int>({{"m16n8k16", 16}, {"m16n8k32", 32}});
  product.saturates = decode.flag("satfinite");
  if (decode.type() != Type::s32) decode.unsupported("the result must be s32");
  product.a_signed = signed_elements(decode);
  product.b_signed = signed_elements(decode);
  if (decode.type() != Type::s32) decode.unsupported("the addend must be s32");
  for (const ptx::Operand& each : decode.list(0)) product.d.push_back(decode.destination<uint32_t>(each));
  for (const ptx::Operand& each : decode.list(1)) product.a.push_back(decode.source<uint32_t>(each));
  for (const ptx::Operand& each : decode.list(2)) product.b.push_back(decode.source<uint32_t>(each));
  for (const ptx::Operand& each : decode.list(3)) product.c.push_back(decode.source<uint32_t>(each));
  const std::size_t k_registers = static_cast<std::size_t>(product.depth) / 16;
  if (product.a.size() != 2 * k_registers || product.b.size() != k_registers || product.c.size() != 4 ||
      product.d.size() != 4)
    decode.unsupported("the number of registers does not fit the shape");
  return Action([=](Warp& warp) {
    check_whole_warp(warp, "mma");
    multiply(warp, product);
  });
}

}  // namespace masktwins::emulator

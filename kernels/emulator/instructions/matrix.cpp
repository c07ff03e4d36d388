// ldmatrix, stmatrix and mma (PTX ISA, "Warp Level Matrix Instructions"). Products are summed in float, in
// order of k; tensor cores round differently in the last bits.
#include "kernels/emulator/instructions/half_numbers.h"
#include "kernels/emulator/instructions/integer_matrix.h"
#include "kernels/emulator/instructions/members.h"
#include "kernels/emulator/instructions/rules.h"
#include "kernels/emulator/machine/block.h"
#include "kernels/emulator/memory/access.h"

namespace masktwins::emulator {
namespace {

constexpr int rows = 8, row_bytes = 16;  // an 8x8 matrix of 16-bit elements

using Matrix = std::array<std::array<uint16_t, 8>, rows>;

struct MatrixAccess {
  Space space = Space::shared;
  Address address;
  std::vector<Register> registers;  // one per matrix
  bool transposed = false;
};

MatrixAccess read_matrix_access(Decoder& decode, std::size_t address, std::size_t value) {
  MatrixAccess access;
  if (!decode.flag("sync") || !decode.flag("aligned") || !decode.flag("m8n8"))
    decode.unsupported("only .sync.aligned.m8n8 is known");
  const std::size_t matrices = decode.flag("x4") ? 4 : decode.flag("x2") ? 2 : decode.flag("x1") ? 1 : 0;
  access.transposed = decode.flag("trans");
  access.space = decode.space();
  if (decode.type() != Type::b16) decode.unsupported("only b16 is known");
  access.address = decode.address(address, access.space);
  for (const ptx::Operand& element : decode.list(value))
    access.registers.push_back(decode.wide_destination(element));
  if (access.registers.size() != matrices) decode.unsupported("the number of registers does not fit");
  return access;
}

// Lanes 8k to 8k+7 hold the row addresses of matrix k. Calls use(matrix, row, its 16 bytes).
template <class Body>
void for_each_row(Warp& warp, const MatrixAccess& access, Use use, Body&& body) {
  const auto addresses = warp.addresses(access.address);
  for (int matrix = 0; matrix < static_cast<int>(access.registers.size()); ++matrix) {
    count_traffic(warp, access.space, addresses, row_bytes, Mask{0xff} << (8 * matrix));
    for (int row = 0; row < rows; ++row) {
      const int lane = 8 * matrix + row;
      const Location location = resolve(access.space, addresses[static_cast<std::size_t>(lane)]);
      if (std::byte* memory = locate(warp, location, row_bytes, lane, use)) body(matrix, row, memory);
    }
  }
}

// Lane l holds elements (l / 4, 2 (l % 4)) and the one to its right; transposed: the one below.
struct Pair {
  std::size_t row, column, next_row, next_column;
};
Pair elements_of(int lane, bool transposed) {
  const std::size_t group = static_cast<std::size_t>(lane / 4),
                    place = 2 * static_cast<std::size_t>(lane % 4);
  if (transposed) return {place, group, place + 1, group};
  return {group, place, group, place + 1};
}

Form load_matrix(Decoder& decode) {
  const MatrixAccess access = read_matrix_access(decode, 1, 0);
  return Action([=](Warp& warp) {
    check_whole_warp(warp, "ldmatrix");
    std::array<Matrix, 4> matrices{};
    for_each_row(warp, access, Use::read, [&](int matrix, int row, const std::byte* memory) {
      std::memcpy(matrices[static_cast<std::size_t>(matrix)][static_cast<std::size_t>(row)].data(), memory,
                  row_bytes);
    });
    for (std::size_t k = 0; k < access.registers.size(); ++k)
      warp.write(Destination<uint32_t>{access.registers[k].offset}, [&](int lane) {
        const Pair at = elements_of(lane, access.transposed);
        return static_cast<uint32_t>(matrices[k][at.next_row][at.next_column]) << 16 |
               matrices[k][at.row][at.column];
      });
  });
}

Form store_matrix(Decoder& decode) {
  const MatrixAccess access = read_matrix_access(decode, 0, 1);
  return Action([=](Warp& warp) {
    check_whole_warp(warp, "stmatrix");
    std::array<Matrix, 4> matrices{};
    for (std::size_t k = 0; k < access.registers.size(); ++k)
      for (int lane = 0; lane < warp_size; ++lane) {
        const uint32_t value = warp.lanes(Source<uint32_t>{access.registers[k].offset})[lane];
        const Pair at = elements_of(lane, access.transposed);
        matrices[k][at.row][at.column] = static_cast<uint16_t>(value);
        matrices[k][at.next_row][at.next_column] = static_cast<uint16_t>(value >> 16);
      }
    for_each_row(warp, access, Use::write, [&](int matrix, int row, std::byte* memory) {
      std::memcpy(memory, matrices[static_cast<std::size_t>(matrix)][static_cast<std::size_t>(row)].data(),
                  row_bytes);
    });
  });
}

enum class Format { f16, bf16, tf32 };

// D (16 x 8) = A (16 x depth, row by row) * B (depth x 8, column by column) + C.
struct Product {
  Format format = Format::bf16;
  int depth = 16;
  bool half_result = false;  // C and D are f16, two to a register
  std::vector<Source<uint32_t>> a, b, c;
  std::vector<Destination<uint32_t>> d;
};

// The elements a register holds: two neighbours in k for 16-bit formats, one for tf32.
struct Elements {
  std::array<float, 2> values{};
  int count = 1;
};
Elements unpack(Format format, uint32_t bits) {
  const auto low = static_cast<uint16_t>(bits), high = static_cast<uint16_t>(bits >> 16);
  switch (format) {
    case Format::f16: return {{widen(Half{low}), widen(Half{high})}, 2};
    case Format::bf16: return {{widen(Brain{low}), widen(Brain{high})}, 2};
    case Format::tf32: return {{tf32_operand(bits), 0}, 1};
  }
  return {};
}

void multiply(Warp& warp, const Product& product) {
  float a[16][16], b[16][8], sum[16][8];
  for (int lane = 0; lane < warp_size; ++lane) {
    const int group = lane / 4, place = lane % 4;
    // Registers of A go down by 8 rows first, then along k; those of B along k.
    for (std::size_t i = 0; i < product.a.size(); ++i) {
      const Elements e = unpack(product.format, warp.lanes(product.a[i])[lane]);
      const int k = (static_cast<int>(i) / 2 * 4 + place) * e.count;
      for (int j = 0; j < e.count; ++j) a[group + 8 * (i % 2)][k + j] = e.values[static_cast<std::size_t>(j)];
    }
    for (std::size_t i = 0; i < product.b.size(); ++i) {
      const Elements e = unpack(product.format, warp.lanes(product.b[i])[lane]);
      const int k = (static_cast<int>(i) * 4 + place) * e.count;
      for (int j = 0; j < e.count; ++j) b[k + j][group] = e.values[static_cast<std::size_t>(j)];
    }
    for (int i = 0; i < 4; ++i) {
      float& element = sum[group + 8 * (i / 2)][2 * place + i % 2];
      if (product.half_result)
        element = widen(Half{static_cast<uint16_t>(
            warp.lanes(product.c[static_cast<std::size_t>(i / 2)])[lane] >> (16 * (i % 2)))});
      else element = std::bit_cast<float>(warp.lanes(product.c[static_cast<std::size_t>(i)])[lane]);
    }
  }
  for (int row = 0; row < 16; ++row) {
    float products[8] = {};
    for (int k = 0; k < product.depth; ++k)
      for (int column = 0; column < 8; ++column) products[column] += a[row][k] * b[k][column];
    for (int column = 0; column < 8; ++column) sum[row][column] += products[column];
  }
  const auto result = [&](int lane, int i) { return sum[lane / 4 + 8 * (i / 2)][2 * (lane % 4) + i % 2]; };
  for (std::size_t i = 0; i < product.d.size(); ++i)
    warp.write(product.d[i], [&](int lane) -> uint32_t {
      const int index = static_cast<int>(i);
      if (!product.half_result) return std::bit_cast<uint32_t>(result(lane, index));
      return static_cast<uint32_t>(Half::from(result(lane, 2 * index + 1)).bits) << 16 |
             Half::from(result(lane, 2 * index)).bits;
    });
}

Form matrix_multiply(Decoder& decode) {
  if (!decode.flag("sync") || !decode.flag("aligned") || !decode.flag("row") || !decode.flag("col"))
    decode.unsupported("only .sync.aligned with .row.col is known");
  if (decode.has("s32")) return multiply_integer_matrices(decode);
  Product product;
  product.depth = decode.choose<int>({{"m16n8k16", 16}, {"m16n8k8", 8}, {"m16n8k4", 4}});
  const Type d = decode.type(), a = decode.type(), b = decode.type(), c = decode.type();
  if (a != b || d != c || (d != Type::f32 && d != Type::f16)) decode.unsupported("these types are not known");
  switch (a) {
    case Type::f16: product.format = Format::f16; break;
    case Type::bf16: product.format = Format::bf16; break;
    case Type::tf32: product.format = Format::tf32; break;
    default: decode.unsupported("these types are not known");
  }
  product.half_result = d == Type::f16;
  for (const ptx::Operand& element : decode.list(0))
    product.d.push_back(decode.destination<uint32_t>(element));
  for (const ptx::Operand& element : decode.list(1)) product.a.push_back(decode.source<uint32_t>(element));
  for (const ptx::Operand& element : decode.list(2)) product.b.push_back(decode.source<uint32_t>(element));
  for (const ptx::Operand& element : decode.list(3)) product.c.push_back(decode.source<uint32_t>(element));
  const std::size_t k_registers = static_cast<std::size_t>(product.depth) / (a == Type::tf32 ? 4 : 8);
  const std::size_t results = product.half_result ? 2 : 4;
  if (product.b.size() != k_registers || product.a.size() != 2 * k_registers || product.d.size() != results ||
      product.c.size() != results)
    decode.unsupported("the number of registers does not fit the shape");
  return Action([=](Warp& warp) {
    check_whole_warp(warp, "mma");
    multiply(warp, product);
  });
}

}  // namespace

void add_matrix_rules(Rules& rules) {
  rules.add("ldmatrix", load_matrix);
  rules.add("stmatrix", store_matrix);
  rules.add("mma", matrix_multiply);
}

}  // namespace masktwins::emulator

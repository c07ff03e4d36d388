// wmma.load, .store and .mma of 16-bit, tf32 and 8-bit whole elements (PTX ISA, "Warp Level Matrix
// Instructions using wmma"). Which element a lane holds is left to the implementation. Here lane l holds
// those from l * (elements / 32) on, row by row; where PTX gives a fragment more registers than that takes,
// the last ones are 0. Products are summed in float, in order of k.
#include <algorithm>
#include <cstdint>

#include "kernels/emulator/instructions/half_numbers.h"
#include "kernels/emulator/instructions/members.h"
#include "kernels/emulator/instructions/rules.h"
#include "kernels/emulator/memory/access.h"

namespace masktwins::emulator {
namespace {

struct Shape {
  int m, n, k;
};

struct Fragment {
  int rows = 16, columns = 16;
  Type type = Type::f16;
  std::vector<Register> registers;

  int element_bytes() const { return size_of(type); }
  int per_register() const { return 4 / element_bytes(); }
  int per_lane() const { return rows * columns / warp_size; }
  int registers_needed() const { return per_lane() / per_register(); }

  uint32_t bits(const Warp& warp, int row, int column) const {
    const int element = row * columns + column, slot = element % per_lane();
    const Register source = registers[static_cast<std::size_t>(slot / per_register())];
    const uint32_t word = warp.lanes(Source<uint32_t>{source.offset})[element / per_lane()];
    const int element_bits = 8 * element_bytes();
    return element_bits == 32 ? word
                              : word >> (element_bits * (slot % per_register())) & ((1u << element_bits) - 1);
  }
  float value(const Warp& warp, int row, int column) const {
    const uint32_t element = bits(warp, row, column);
    switch (type) {
      case Type::f16: return widen(Half{static_cast<uint16_t>(element)});
      case Type::bf16: return widen(Brain{static_cast<uint16_t>(element)});
      case Type::tf32: return tf32_operand(element);
      default: return std::bit_cast<float>(element);
    }
  }
  int64_t whole(const Warp& warp, int row, int column) const {
    const uint32_t element = bits(warp, row, column);
    return type == Type::s8   ? static_cast<int8_t>(element)
           : type == Type::u8 ? static_cast<int64_t>(element)
                              : static_cast<int32_t>(element);
  }
  // row by row
  std::vector<float> values(const Warp& warp) const {
    std::vector<float> all;
    for (int row = 0; row < rows; ++row)
      for (int column = 0; column < columns; ++column) all.push_back(value(warp, row, column));
    return all;
  }
  // elements: their bits, row by row
  void write(Warp& warp, const std::vector<uint32_t>& elements) const {
    for (std::size_t i = 0; i < registers.size(); ++i)
      warp.write(Destination<uint32_t>{registers[i].offset}, [&](int lane) {
        if (static_cast<int>(i) >= registers_needed()) return 0u;
        const auto first =
            static_cast<std::size_t>(lane * per_lane()) + i * static_cast<std::size_t>(per_register());
        uint32_t word = 0;
        for (int j = 0; j < per_register(); ++j)
          word |= elements[first + static_cast<std::size_t>(j)] << (8 * element_bytes() * j);
        return word;
      });
  }
};

Shape shape_of(Decoder& decode) {
  return decode.choose<Shape>({{"m16n16k16", {16, 16, 16}},
                               {"m32n8k16", {32, 8, 16}},
                               {"m8n32k16", {8, 32, 16}},
                               {"m16n16k8", {16, 16, 8}}});
}

void require_whole_warp(Decoder& decode) {
  if (!decode.flag("sync") || !decode.flag("aligned")) decode.unsupported("only .sync.aligned is known");
}

Fragment fragment(Decoder& decode, const ptx::Operand& list, char part, Shape shape, Type type) {
  Fragment result;
  result.rows = part == 'b' ? shape.k : shape.m;
  result.columns = part == 'a' ? shape.k : shape.n;
  result.type = type;
  if (type != Type::f16 && type != Type::bf16 && type != Type::tf32 && type != Type::f32 &&
      type != Type::s8 && type != Type::u8 && type != Type::s32)
    decode.unsupported("these elements are not known");
  for (const ptx::Operand& element : list.list)
    result.registers.push_back(decode.wide_source(element, Type::b32));
  if (static_cast<int>(result.registers.size()) < result.registers_needed())
    decode.unsupported("the number of registers does not fit the shape");
  return result;
}

struct FragmentAccess {
  Fragment fragment;
  Space space = Space::generic;
  Address address;
  Source<uint32_t> stride;  // elements between rows, or columns if the layout is .col
  bool by_column = false;
};

FragmentAccess read_access(Decoder& decode, std::size_t address, std::size_t value) {
  require_whole_warp(decode);
  FragmentAccess access;
  const char part = decode.choose<char>({{"a", 'a'}, {"b", 'b'}, {"c", 'c'}, {"d", 'd'}});
  access.by_column = decode.flag("col");
  decode.ignore({"row"});
  const Shape shape = shape_of(decode);
  access.space = decode.space();
  access.fragment = fragment(decode, decode.operand(value), part, shape, decode.type());
  access.address = decode.address(address, access.space);
  ptx::Operand dense;
  dense.kind = ptx::Operand::Kind::integer;
  dense.integer = access.by_column ? access.fragment.rows : access.fragment.columns;
  access.stride = decode.source<uint32_t>(decode.operands() > 2 ? decode.operand(2) : dense);
  return access;
}

// Counts one request per element that a lane holds, and calls body(element's number row by row, its memory).
template <class Body>
void for_each_element(Warp& warp, const FragmentAccess& access, Use use, Body&& body) {
  const Fragment& fragment = access.fragment;
  const uint64_t base = warp.addresses(access.address)[0];
  const uint64_t stride = warp.lanes(access.stride)[0];
  for (int slot = 0; slot < fragment.per_lane(); ++slot) {
    std::array<uint64_t, warp_size> addresses;
    for (int lane = 0; lane < warp_size; ++lane) {
      const int element = lane * fragment.per_lane() + slot;
      const auto row = static_cast<uint64_t>(element / fragment.columns),
                 column = static_cast<uint64_t>(element % fragment.columns);
      addresses[static_cast<std::size_t>(lane)] =
          base + static_cast<uint64_t>(fragment.element_bytes()) *
                     (access.by_column ? column * stride + row : row * stride + column);
    }
    count_traffic(warp, access.space, addresses, fragment.element_bytes(), all_lanes);
    for (int lane = 0; lane < warp_size; ++lane) {
      const Location location = resolve(access.space, addresses[static_cast<std::size_t>(lane)]);
      if (std::byte* memory = locate(warp, location, fragment.element_bytes(), lane, use))
        body(static_cast<std::size_t>(lane * fragment.per_lane() + slot), memory);
    }
  }
}

Form load(Decoder& decode) {
  const FragmentAccess access = read_access(decode, 1, 0);
  return Action([=](Warp& warp) {
    check_whole_warp(warp, "wmma.load");
    std::vector<uint32_t> elements(static_cast<std::size_t>(access.fragment.rows * access.fragment.columns));
    for_each_element(warp, access, Use::read, [&](std::size_t element, const std::byte* memory) {
      std::memcpy(&elements[element], memory, static_cast<std::size_t>(access.fragment.element_bytes()));
    });
    access.fragment.write(warp, elements);
  });
}

Form store(Decoder& decode) {
  const FragmentAccess access = read_access(decode, 0, 1);
  return Action([=](Warp& warp) {
    check_whole_warp(warp, "wmma.store");
    const Fragment& fragment = access.fragment;
    for_each_element(warp, access, Use::write, [&](std::size_t element, std::byte* memory) {
      const int number = static_cast<int>(element);
      const uint32_t bits = fragment.bits(warp, number / fragment.columns, number % fragment.columns);
      std::memcpy(memory, &bits, static_cast<std::size_t>(fragment.element_bytes()));
    });
  });
}

Form multiply_whole(const Shape& shape, bool saturates, const Fragment& d, const Fragment& a,
                    const Fragment& b, const Fragment& c) {
  return Action([=](Warp& warp) {
    check_whole_warp(warp, "wmma.mma");
    std::vector<uint32_t> result;
    for (int row = 0; row < shape.m; ++row)
      for (int column = 0; column < shape.n; ++column) {
        int64_t sum = c.whole(warp, row, column);
        for (int k = 0; k < shape.k; ++k) sum += a.whole(warp, row, k) * b.whole(warp, k, column);
        if (saturates) sum = std::clamp<int64_t>(sum, INT32_MIN, INT32_MAX);
        result.push_back(static_cast<uint32_t>(sum));
      }
    d.write(warp, result);
  });
}

// wmma.mma.sync.aligned.row.col.m16n16k16.f32.f32 d, a, b, c (elements f16), or ...f32.bf16.bf16.f32
Form multiply(Decoder& decode) {
  require_whole_warp(decode);
  decode.ignore({"row", "col"});
  const bool saturates = decode.flag("satfinite");
  const Shape shape = shape_of(decode);
  const Type d_type = decode.type(), second = decode.type(), third = decode.optional_type(Type::predicate);
  const bool named = third != Type::predicate;
  const Type a_type = named ? second : Type::f16, b_type = named ? third : Type::f16,
             c_type = named ? decode.type() : second;
  const Fragment d = fragment(decode, decode.operand(0), 'd', shape, d_type),
                 a = fragment(decode, decode.operand(1), 'a', shape, a_type),
                 b = fragment(decode, decode.operand(2), 'b', shape, b_type),
                 c = fragment(decode, decode.operand(3), 'c', shape, c_type);
  if (saturates && d_type != Type::s32) decode.unsupported(".satfinite is known for whole numbers only");
  if (d_type == Type::s32) return multiply_whole(shape, saturates, d, a, b, c);
  return Action([=](Warp& warp) {
    check_whole_warp(warp, "wmma.mma");
    const std::vector<float> left = a.values(warp), right = b.values(warp);
    std::vector<uint32_t> result;
    for (int row = 0; row < shape.m; ++row)
      for (int column = 0; column < shape.n; ++column) {
        float sum = 0;
        for (int k = 0; k < shape.k; ++k)
          sum += left[static_cast<std::size_t>(row * shape.k + k)] *
                 right[static_cast<std::size_t>(k * shape.n + column)];
        sum += c.value(warp, row, column);
        result.push_back(d.type == Type::f16 ? Half::from(sum).bits : std::bit_cast<uint32_t>(sum));
      }
    d.write(warp, result);
  });
}

Form wmma(Decoder& decode) {
  if (decode.flag("load")) return load(decode);
  if (decode.flag("store")) return store(decode);
  if (decode.flag("mma")) return multiply(decode);
  decode.unsupported("one of .load, .store and .mma is needed");
}

}  // namespace

void add_wmma_rules(Rules& rules) { rules.add("wmma", wmma); }

}  // namespace masktwins::emulator

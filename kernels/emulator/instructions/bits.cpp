// Logic, shifts and bit fields (PTX ISA, "Logic and Shift Instructions", "bfe", "bfi", "prmt", "lop3").
#include <algorithm>
#include <bit>

#include "kernels/emulator/instructions/lanewise.h"
#include "kernels/emulator/instructions/rules.h"

namespace masktwins::emulator {
namespace {

// and, or, xor, not work on predicates as well, lane by lane on 0 or -1.
template <class Function>
Form logic(Decoder& decode, Function function) {
  const Type type = decode.type();
  if (type == Type::predicate) {
    const auto out = decode.predicate_destination(decode.name(0));
    const auto a = decode.predicate(1), b = decode.predicate(2);
    return Action([=](Warp& warp) {
      const int32_t *x = warp.lanes(Source<int32_t>{a.offset}), *y = warp.lanes(Source<int32_t>{b.offset});
      const int32_t flip_x = a.negated ? -1 : 0, flip_y = b.negated ? -1 : 0;
      warp.write(out, [&](int lane) { return function(x[lane] ^ flip_x, y[lane] ^ flip_y); });
    });
  }
  return with_bits(decode, type, [&]<class T>() -> Form { return binary<T>(decode, function); });
}

Form logic_and(Decoder& decode) {
  return logic(decode, []<class T>(T a, T b) { return static_cast<T>(a & b); });
}
Form logic_or(Decoder& decode) {
  return logic(decode, []<class T>(T a, T b) { return static_cast<T>(a | b); });
}
Form logic_xor(Decoder& decode) {
  return logic(decode, []<class T>(T a, T b) { return static_cast<T>(a ^ b); });
}

Form logic_not(Decoder& decode) {
  const Type type = decode.type();
  if (type == Type::predicate) {
    const auto out = decode.predicate_destination(decode.name(0));
    const auto a = decode.predicate(1);
    return Action([=](Warp& warp) {
      const Mask holds = warp.mask(a);
      warp.write(out, [&](int lane) { return contains(holds, lane) ? 0 : -1; });
    });
  }
  return with_bits(decode, type, [&]<class T>() -> Form {
    return unary<T>(decode, [](T a) { return static_cast<T>(~a); });
  });
}

Form logic_cnot(Decoder& decode) {  // 1 if a is zero
  const Type type = decode.type();
  return with_bits(decode, type, [&]<class T>() -> Form {
    return unary<T>(decode, [](T a) { return static_cast<T>(a == 0); });
  });
}

// Shift counts are 32 bits wide and saturate at the width of the value.
template <class T, class Function>
Form shift(Decoder& decode, Function function) {
  const auto out = decode.destination<T>(0);
  const auto a = decode.source<T>(1);
  const auto b = decode.source<uint32_t>(2);
  return Action([=](Warp& warp) {
    const T* x = warp.lanes(a);
    const uint32_t* n = warp.lanes(b);
    warp.write(out, [&](int lane) { return static_cast<T>(function(x[lane], n[lane])); });
  });
}

Form shift_left(Decoder& decode) {
  const Type type = decode.type();
  return with_bits(decode, type, [&]<class T>() -> Form {
    return shift<T>(decode,
                    [](T a, uint32_t n) { return n < 8 * sizeof(T) ? static_cast<T>(a << n) : T{0}; });
  });
}

Form shift_right(Decoder& decode) {
  const Type type = decode.type();
  return with_integer(decode, type, [&]<class T>() -> Form {
    return shift<T>(decode, [](T a, uint32_t n) {
      constexpr uint32_t last = 8 * sizeof(T) - 1;
      if (n > last && !std::is_signed_v<T>) return T{0};
      return static_cast<T>(a >> std::min(n, last));
    });
  });
}

// shf: shifts the 64 bits (b:a) and keeps the upper (left) or lower (right) half.
Form funnel_shift(Decoder& decode) {
  const bool left = decode.flag("l");
  if (!left && !decode.flag("r")) decode.unsupported("one of .l and .r is needed");
  const bool wrap = decode.flag("wrap");
  if (!wrap && !decode.flag("clamp")) decode.unsupported("one of .clamp and .wrap is needed");
  decode.type();
  return ternary<uint32_t>(decode, [=](uint32_t a, uint32_t b, uint32_t c) {
    const uint32_t n = wrap ? c & 31u : std::min(c, 32u);
    const uint64_t both = uint64_t{b} << 32 | a;
    return static_cast<uint32_t>(left ? both << n >> 32 : both >> n);
  });
}

template <class T>
Form bit_count(Decoder& decode, int (*count)(T)) {
  const auto out = decode.destination<uint32_t>(0);
  const auto a = decode.source<T>(1);
  return Action([=](Warp& warp) {
    const T* x = warp.lanes(a);
    warp.write(out, [&](int lane) { return static_cast<uint32_t>(count(x[lane])); });
  });
}

Form population_count(Decoder& decode) {
  if (size_of(decode.type()) == 8)
    return bit_count<uint64_t>(decode, [](uint64_t a) { return std::popcount(a); });
  return bit_count<uint32_t>(decode, [](uint32_t a) { return std::popcount(a); });
}

Form leading_zeros(Decoder& decode) {
  if (size_of(decode.type()) == 8)
    return bit_count<uint64_t>(decode, [](uint64_t a) { return std::countl_zero(a); });
  return bit_count<uint32_t>(decode, [](uint32_t a) { return std::countl_zero(a); });
}

// bfind: position of the highest bit that differs from the sign, all ones if there is none; with .shiftamt
// how far to shift that bit to the top.
Form find_highest(Decoder& decode) {
  const bool shift_amount = decode.flag("shiftamt");
  const Type type = decode.type();
  return with_integer(decode, type, [&]<class T>() -> Form {
    using Bits = std::make_unsigned_t<T>;
    const auto out = decode.destination<uint32_t>(0);
    const auto a = decode.source<T>(1);
    return Action([=](Warp& warp) {
      const T* x = warp.lanes(a);
      warp.write(out, [&](int lane) {
        const Bits bits = static_cast<Bits>(x[lane] < 0 ? ~x[lane] : x[lane]);
        if (bits == 0) return ~0u;
        const uint32_t zeros = static_cast<uint32_t>(std::countl_zero(bits));
        return shift_amount ? zeros : static_cast<uint32_t>(8 * sizeof(T)) - 1 - zeros;
      });
    });
  });
}

// bmsk.clamp.b32 d, a, b: b ones from bit a on; .wrap takes a and b modulo 32.
Form bit_mask(Decoder& decode) {
  const bool wrap = decode.flag("wrap");
  decode.ignore({"clamp"});
  decode.type();
  return binary<uint32_t>(decode, [=](uint32_t begin, uint32_t count) {
    if (wrap) begin %= 32, count %= 32;
    if (begin >= 32) return 0u;
    return static_cast<uint32_t>(((uint64_t{1} << std::min(count, 32u)) - 1) << begin);
  });
}

Form reverse(Decoder& decode) {
  const Type type = decode.type();
  return with_bits(decode, type, [&]<class T>() -> Form {
    return unary<T>(decode, [](T a) {
      T reversed = 0;
      for (std::size_t i = 0; i < 8 * sizeof(T); ++i) reversed = static_cast<T>(reversed << 1 | (a >> i & 1));
      return reversed;
    });
  });
}

// The lowest `length` bits of a >> position; signed types repeat the field's highest bit.
template <class T>
T extract_field(T a, uint32_t position, uint32_t length) {
  using Bits = std::make_unsigned_t<T>;
  constexpr uint32_t width = 8 * sizeof(T);
  position &= 0xffu;
  length &= 0xffu;
  if (length == 0) return 0;
  const Bits bits = position < width ? static_cast<Bits>(static_cast<Bits>(a) >> position) : Bits{0};
  const Bits mask = length < width ? static_cast<Bits>((Bits{1} << length) - 1) : static_cast<Bits>(~Bits{0});
  const uint32_t top = std::min(position + length - 1, width - 1);
  const bool negative = std::is_signed_v<T> && (static_cast<Bits>(a) >> top & 1u) != 0;
  const Bits field = bits & mask;
  if (!negative) return static_cast<T>(field);
  // Bits beyond the value's own width are copies of its sign bit.
  const uint32_t kept = position < width ? std::min(length, width - position) : 0;
  const Bits above = kept < width ? static_cast<Bits>(~Bits{0} << kept) : Bits{0};
  return static_cast<T>(field | above);
}

Form extract(Decoder& decode) {
  const Type type = decode.type();
  return with_integer(decode, type, [&]<class T>() -> Form {
    const auto out = decode.destination<T>(0);
    const auto a = decode.source<T>(1);
    const auto b = decode.source<uint32_t>(2), c = decode.source<uint32_t>(3);
    return Action([=](Warp& warp) {
      const T* x = warp.lanes(a);
      const uint32_t *position = warp.lanes(b), *length = warp.lanes(c);
      warp.write(out, [&](int lane) { return extract_field(x[lane], position[lane], length[lane]); });
    });
  });
}

Form insert(Decoder& decode) {  // the low bits of a go into b
  const Type type = decode.type();
  return with_bits(decode, type, [&]<class T>() -> Form {
    const auto out = decode.destination<T>(0);
    const auto a = decode.source<T>(1), b = decode.source<T>(2);
    const auto c = decode.source<uint32_t>(3), d = decode.source<uint32_t>(4);
    return Action([=](Warp& warp) {
      const T *x = warp.lanes(a), *y = warp.lanes(b);
      const uint32_t *position = warp.lanes(c), *length = warp.lanes(d);
      warp.write(out, [&](int lane) {
        constexpr uint32_t width = 8 * sizeof(T);
        const uint32_t at = position[lane] & 0xffu, n = length[lane] & 0xffu;
        if (at >= width || n == 0) return y[lane];
        const T field = n < width ? static_cast<T>((T{1} << n) - 1) : static_cast<T>(~T{0});
        const T mask = static_cast<T>(field << at);
        return static_cast<T>((y[lane] & static_cast<T>(~mask)) | (static_cast<T>(x[lane] << at) & mask));
      });
    });
  });
}

// prmt: each half-byte of c picks one of the eight bytes (b:a); its top bit asks for the byte's sign instead.
Form permute(Decoder& decode) {
  decode.type();
  return ternary<uint32_t>(decode, [](uint32_t a, uint32_t b, uint32_t c) {
    const uint64_t bytes = uint64_t{b} << 32 | a;
    uint32_t result = 0;
    for (int i = 0; i < 4; ++i) {
      const uint32_t selector = c >> (4 * i) & 15u;
      uint32_t byte = static_cast<uint32_t>(bytes >> (8 * (selector & 7u))) & 0xffu;
      if ((selector & 8u) != 0) byte = (byte & 0x80u) != 0 ? 0xffu : 0u;
      result |= byte << (8 * i);
    }
    return result;
  });
}

// lop3: bit k of the table is the result where the bits of a, b, c spell k.
Form three_way_logic(Decoder& decode) {
  decode.type();
  const uint32_t table = static_cast<uint32_t>(decode.integer(4));
  return ternary<uint32_t>(decode, [=](uint32_t a, uint32_t b, uint32_t c) {
    uint32_t result = 0;
    for (uint32_t k = 0; k < 8; ++k)
      if ((table >> k & 1u) != 0)
        result |= ((k & 4u) != 0 ? a : ~a) & ((k & 2u) != 0 ? b : ~b) & ((k & 1u) != 0 ? c : ~c);
    return result;
  });
}

}  // namespace

void add_bit_rules(Rules& rules) {
  rules.add("and", logic_and);
  rules.add("or", logic_or);
  rules.add("xor", logic_xor);
  rules.add("not", logic_not);
  rules.add("cnot", logic_cnot);
  rules.add("shl", shift_left);
  rules.add("shr", shift_right);
  rules.add("shf", funnel_shift);
  rules.add("popc", population_count);
  rules.add("clz", leading_zeros);
  rules.add("bfind", find_highest);
  rules.add("bmsk", bit_mask);
  rules.add("brev", reverse);
  rules.add("bfe", extract);
  rules.add("bfi", insert);
  rules.add("prmt", permute);
  rules.add("lop3", three_way_logic);
}

}  // namespace masktwins::emulator

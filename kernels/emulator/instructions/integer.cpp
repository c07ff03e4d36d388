// Integer arithmetic (PTX ISA, "Integer Arithmetic Instructions"). Overflow wraps: the file is compiled so.
#include <algorithm>
#include <limits>

#include "kernels/emulator/instructions/carry.h"
#include "kernels/emulator/instructions/lanewise.h"
#include "kernels/emulator/instructions/rules.h"

namespace masktwins::emulator {
namespace {

template <class T>
struct Wider;
template <>
struct Wider<uint16_t> {
  using type = uint32_t;
};
template <>
struct Wider<int16_t> {
  using type = int32_t;
};
template <>
struct Wider<uint32_t> {
  using type = uint64_t;
};
template <>
struct Wider<int32_t> {
  using type = int64_t;
};
template <>
struct Wider<uint64_t> {
  __extension__ using type = unsigned __int128;
};
template <>
struct Wider<int64_t> {
  __extension__ using type = __int128;
};
template <class T>
using wider = typename Wider<T>::type;

template <class T>
T high(T a, T b) {
  return static_cast<T>(static_cast<wider<T>>(a) * static_cast<wider<T>>(b) >> (8 * sizeof(T)));
}
template <class T>
T low(T a, T b) {
  return static_cast<T>(static_cast<wider<T>>(a) * static_cast<wider<T>>(b));
}

// Division by zero is undefined in PTX; devices return all ones, and the remainder is the dividend.
template <class T>
T quotient(T a, T b) {
  if (b == 0) return static_cast<T>(~T{0});
  if (std::is_signed_v<T> && b == static_cast<T>(-1)) return static_cast<T>(0 - a);
  return static_cast<T>(a / b);
}
template <class T>
T remainder(T a, T b) {
  if (b == 0) return a;
  if (std::is_signed_v<T> && b == static_cast<T>(-1)) return 0;
  return static_cast<T>(a % b);
}

int32_t saturate(int64_t value) {
  return static_cast<int32_t>(
      std::clamp<int64_t>(value, std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()));
}

template <class Function>
Form integer_binary(Decoder& decode, Function function) {
  const Type type = decode.type();
  return with_integer(decode, type, [&]<class T>() -> Form { return binary<T>(decode, function); });
}

template <class Function>
Form integer_unary(Decoder& decode, Function function) {
  const Type type = decode.type();
  return with_integer(decode, type, [&]<class T>() -> Form { return unary<T>(decode, function); });
}

Form add(Decoder& decode) {
  if (decode.flag("cc")) return add_in_chain(decode, false);
  if (decode.flag("sat")) {
    if (decode.type() != Type::s32) decode.unsupported("only s32 saturates");
    return binary<int32_t>(decode, [](int32_t a, int32_t b) { return saturate(int64_t{a} + b); });
  }
  return integer_binary(decode, []<class T>(T a, T b) { return a + b; });
}

Form subtract(Decoder& decode) {
  if (decode.flag("cc")) return subtract_in_chain(decode, false);
  if (decode.flag("sat")) {
    if (decode.type() != Type::s32) decode.unsupported("only s32 saturates");
    return binary<int32_t>(decode, [](int32_t a, int32_t b) { return saturate(int64_t{a} - b); });
  }
  return integer_binary(decode, []<class T>(T a, T b) { return a - b; });
}

template <class T>
Form multiply_wide(Decoder& decode, bool with_addend) {
  using Wide = wider<T>;
  const auto out = decode.destination<Wide>(0);
  const auto a = decode.source<T>(1), b = decode.source<T>(2);
  if (!with_addend)
    return Action([=](Warp& warp) {
      const T *x = warp.lanes(a), *y = warp.lanes(b);
      warp.write(out, [&](int lane) {
        return static_cast<Wide>(static_cast<Wide>(x[lane]) * static_cast<Wide>(y[lane]));
      });
    });
  const auto c = decode.source<Wide>(3);
  return Action([=](Warp& warp) {
    const T *x = warp.lanes(a), *y = warp.lanes(b);
    const Wide* z = warp.lanes(c);
    warp.write(out, [&](int lane) {
      return static_cast<Wide>(static_cast<Wide>(x[lane]) * static_cast<Wide>(y[lane]) + z[lane]);
    });
  });
}

Form wide(Decoder& decode, bool with_addend) {
  switch (decode.type()) {
    case Type::u16: return multiply_wide<uint16_t>(decode, with_addend);
    case Type::s16: return multiply_wide<int16_t>(decode, with_addend);
    case Type::u32: return multiply_wide<uint32_t>(decode, with_addend);
    case Type::s32: return multiply_wide<int32_t>(decode, with_addend);
    default: decode.unsupported("this type is not known here");
  }
}

Form multiply(Decoder& decode) {
  if (decode.flag("wide")) return wide(decode, false);
  if (decode.flag("hi")) return integer_binary(decode, []<class T>(T a, T b) { return high(a, b); });
  if (!decode.flag("lo")) decode.unsupported("one of .lo, .hi and .wide is needed");
  return integer_binary(decode, []<class T>(T a, T b) { return low(a, b); });
}

Form multiply_add(Decoder& decode) {
  if (decode.flag("cc")) return multiply_add_in_chain(decode, false);
  if (decode.flag("wide")) return wide(decode, true);
  const bool upper = decode.flag("hi");
  if (!upper && !decode.flag("lo")) decode.unsupported("one of .lo, .hi and .wide is needed");
  const Type type = decode.type();
  return with_integer(decode, type, [&]<class T>() -> Form {
    if (upper) return ternary<T>(decode, [](T a, T b, T c) { return static_cast<T>(high(a, b) + c); });
    return ternary<T>(decode, [](T a, T b, T c) { return static_cast<T>(low(a, b) + c); });
  });
}

Form sum_of_differences(Decoder& decode) {  // |a - b| + c
  const Type type = decode.type();
  return with_integer(decode, type, [&]<class T>() -> Form {
    return ternary<T>(decode, [](T a, T b, T c) { return static_cast<T>(c + (a < b ? b - a : a - b)); });
  });
}

bool signed_operand(Decoder& decode) {
  switch (decode.type()) {
    case Type::s32: return true;
    case Type::u32: return false;
    default: decode.unsupported("only u32 and s32 are known");
  }
}

// Element `index` of a word that holds several of `bits` bits each.
int32_t element(uint32_t word, int index, int bits, bool with_sign) {
  const int above = 32 - bits * (index + 1);
  const uint32_t top = word << above;
  return with_sign ? static_cast<int32_t>(top) >> (32 - bits) : static_cast<int32_t>(top >> (32 - bits));
}

// dp4a: four products of bytes, summed onto c.
Form dot_product_4(Decoder& decode) {
  const bool a_signed = signed_operand(decode), b_signed = signed_operand(decode);
  return ternary<uint32_t>(decode, [=](uint32_t a, uint32_t b, uint32_t c) {
    for (int i = 0; i < 4; ++i)
      c += static_cast<uint32_t>(element(a, i, 8, a_signed) * element(b, i, 8, b_signed));
    return c;
  });
}

// dp2a: the two halves of a with the lower or the upper two bytes of b.
Form dot_product_2(Decoder& decode) {
  const int first_byte = decode.choose<int>({{"lo", 0}, {"hi", 2}});
  const bool a_signed = signed_operand(decode), b_signed = signed_operand(decode);
  return ternary<uint32_t>(decode, [=](uint32_t a, uint32_t b, uint32_t c) {
    for (int i = 0; i < 2; ++i)
      c += static_cast<uint32_t>(element(a, i, 16, a_signed) * element(b, first_byte + i, 8, b_signed));
    return c;
  });
}

Form divide(Decoder& decode) {
  return integer_binary(decode, []<class T>(T a, T b) { return quotient(a, b); });
}
Form modulo(Decoder& decode) {
  return integer_binary(decode, []<class T>(T a, T b) { return remainder(a, b); });
}
Form minimum(Decoder& decode) {
  return integer_binary(decode, []<class T>(T a, T b) { return a < b ? a : b; });
}
Form maximum(Decoder& decode) {
  return integer_binary(decode, []<class T>(T a, T b) { return a > b ? a : b; });
}
Form negate(Decoder& decode) {
  return integer_unary(decode, []<class T>(T a) { return 0 - a; });
}
Form absolute(Decoder& decode) {
  return integer_unary(decode, []<class T>(T a) { return a < 0 ? 0 - a : a; });
}

}  // namespace

void add_integer_rules(Rules& rules) {
  rules.add("add", add, Family::integer);
  rules.add("sub", subtract, Family::integer);
  rules.add("mul", multiply, Family::integer);
  rules.add("mad", multiply_add, Family::integer);
  rules.add("addc", [](Decoder& decode) { return add_in_chain(decode, true); });
  rules.add("subc", [](Decoder& decode) { return subtract_in_chain(decode, true); });
  rules.add("madc", [](Decoder& decode) { return multiply_add_in_chain(decode, true); });
  rules.add("sad", sum_of_differences);
  rules.add("dp4a", dot_product_4);
  rules.add("dp2a", dot_product_2);
  rules.add("div", divide, Family::integer);
  rules.add("rem", modulo, Family::integer);
  rules.add("min", minimum, Family::integer);
  rules.add("max", maximum, Family::integer);
  rules.add("neg", negate, Family::integer);
  rules.add("abs", absolute, Family::integer);
}

}  // namespace masktwins::emulator

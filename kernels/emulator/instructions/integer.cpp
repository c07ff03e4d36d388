// Integer arithmetic (PTX ISA, "Integer Arithmetic Instructions"). Overflow wraps: the file is compiled so.
#include <algorithm>
#include <limits>

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
  if (decode.flag("sat")) {
    if (decode.type() != Type::s32) decode.unsupported("only s32 saturates");
    return binary<int32_t>(decode, [](int32_t a, int32_t b) { return saturate(int64_t{a} + b); });
  }
  return integer_binary(decode, []<class T>(T a, T b) { return a + b; });
}

Form subtract(Decoder& decode) {
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

// dp4a: four products of bytes, summed onto c.
Form dot_product(Decoder& decode) {
  const auto is_signed = [&] {
    switch (decode.type()) {
      case Type::s32: return true;
      case Type::u32: return false;
      default: decode.unsupported("only u32 and s32 are known");
    }
  };
  const bool a_signed = is_signed(), b_signed = is_signed();
  const auto byte = [](uint32_t word, int index, bool with_sign) {
    const uint32_t bits = word >> (8 * index) & 0xffu;
    return with_sign ? static_cast<int32_t>(static_cast<int8_t>(bits)) : static_cast<int32_t>(bits);
  };
  return ternary<uint32_t>(decode, [=](uint32_t a, uint32_t b, uint32_t c) {
    for (int i = 0; i < 4; ++i) c += static_cast<uint32_t>(byte(a, i, a_signed) * byte(b, i, b_signed));
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
  rules.add("sad", sum_of_differences);
  rules.add("dp4a", dot_product);
  rules.add("div", divide, Family::integer);
  rules.add("rem", modulo, Family::integer);
  rules.add("min", minimum, Family::integer);
  rules.add("max", maximum, Family::integer);
  rules.add("neg", negate, Family::integer);
  rules.add("abs", absolute, Family::integer);
}

}  // namespace masktwins::emulator

// float and double arithmetic (PTX ISA, "Floating Point Instructions"). Exact instructions give the device's
// bits; .approx ones are computed with the C library and may differ in the last places.
#include <cfloat>
#include <cmath>

#include "kernels/emulator/instructions/lanewise.h"
#include "kernels/emulator/instructions/rounding.h"
#include "kernels/emulator/instructions/rules.h"

namespace masktwins::emulator {
namespace {

// What the modifiers around the operation do to its operands and its result.
struct Style {
  Rounding rounding = Rounding::nearest_even;
  bool flush = false;     // .ftz: subnormal floats count as zero
  bool saturate = false;  // .sat: the result is clamped to [0, 1], NaN becomes 0
  Type type = Type::f32;

  template <class T>
  T in(T value) const {
    if constexpr (std::is_same_v<T, float>)
      return flush && std::fabs(value) < FLT_MIN ? std::copysign(0.f, value) : value;
    else return value;
  }
  template <class T>
  T out(T value) const {
    if constexpr (std::is_same_v<T, float>) {
      value = in(value);
      if (saturate) return value > 0 ? (value < 1 ? value : 1.f) : 0.f;
      return value == value ? value : std::bit_cast<float>(0x7fffffffu);  // the device's only NaN
    } else {
      return value;
    }
  }
};

Style read_style(Decoder& decode) {
  Style style;
  style.rounding = rounding_modifier(decode);
  if (style.rounding == Rounding::nearest_away) decode.unsupported(".rna is not known here");
  decode.ignore({"approx", "full"});
  style.flush = decode.flag("ftz");
  style.saturate = decode.flag("sat");
  style.type = decode.type();
  return style;
}

template <class Body>
Form for_real(Decoder& decode, Body body) {
  const Style style = read_style(decode);
  if (style.type == Type::f32) return under_rounding(style.rounding, body.template operator()<float>(style));
  if (style.type == Type::f64) return under_rounding(style.rounding, body.template operator()<double>(style));
  decode.unsupported("this type is not known here");
}

template <class Function>
Form real_unary(Decoder& decode, Function function) {
  return for_real(decode, [&]<class T>(const Style& style) {
    return unary<T>(decode, [=](T a) { return style.out(static_cast<T>(function(style.in(a)))); });
  });
}
template <class Function>
Form real_binary(Decoder& decode, Function function) {
  return for_real(decode, [&]<class T>(const Style& style) {
    return binary<T>(decode,
                     [=](T a, T b) { return style.out(static_cast<T>(function(style.in(a), style.in(b)))); });
  });
}

Form add(Decoder& decode) {
  return real_binary(decode, []<class T>(T a, T b) { return a + b; });
}
Form subtract(Decoder& decode) {
  return real_binary(decode, []<class T>(T a, T b) { return a - b; });
}
Form multiply(Decoder& decode) {
  return real_binary(decode, []<class T>(T a, T b) { return a * b; });
}
Form divide(Decoder& decode) {
  return real_binary(decode, []<class T>(T a, T b) { return a / b; });
}
Form fused_multiply_add(Decoder& decode) {
  return for_real(decode, [&]<class T>(const Style& style) {
    return ternary<T>(
        decode, [=](T a, T b, T c) { return style.out(std::fma(style.in(a), style.in(b), style.in(c))); });
  });
}

// One NaN operand is ignored, unless .NaN asks for it; -0 is smaller than +0.
template <bool smaller>
Form extreme(Decoder& decode) {
  const bool keep_nan = decode.flag("NaN");
  const bool sign_of_both = decode.flag("xorsign");  // .xorsign.abs
  if (sign_of_both && !decode.flag("abs")) decode.unsupported(".xorsign needs .abs");
  return real_binary(decode, [=]<class T>(T a, T b) {
    const T sign = std::copysign(T{1}, a) * std::copysign(T{1}, b);
    const T x = sign_of_both ? std::fabs(a) : a, y = sign_of_both ? std::fabs(b) : b;
    T result;
    if (x != x) result = keep_nan ? x : y;
    else if (y != y) result = keep_nan ? y : x;
    else if (x == y) result = std::signbit(x) == smaller ? x : y;
    else result = (x < y) == smaller ? x : y;
    return sign_of_both ? std::copysign(result, sign) : result;
  });
}

// Only the sign changes: a NaN keeps its bits.
Form negate(Decoder& decode) {
  const bool flush = decode.flag("ftz");
  const Style style{Rounding::nearest_even, flush, false, decode.type()};
  if (style.type == Type::f64) return unary<double>(decode, [](double a) { return -a; });
  return unary<float>(decode, [=](float a) { return -style.in(a); });
}
Form absolute(Decoder& decode) {
  const bool flush = decode.flag("ftz");
  const Style style{Rounding::nearest_even, flush, false, decode.type()};
  if (style.type == Type::f64) return unary<double>(decode, [](double a) { return std::fabs(a); });
  return unary<float>(decode, [=](float a) { return std::fabs(style.in(a)); });
}
Form copy_sign(Decoder& decode) {  // the sign of a on b
  if (decode.type() == Type::f64)
    return binary<double>(decode, [](double a, double b) { return std::copysign(b, a); });
  return binary<float>(decode, [](float a, float b) { return std::copysign(b, a); });
}

Form reciprocal(Decoder& decode) {
  return real_unary(decode, []<class T>(T a) { return 1 / a; });
}
Form square_root(Decoder& decode) {
  return real_unary(decode, []<class T>(T a) { return std::sqrt(a); });
}
Form reciprocal_root(Decoder& decode) {
  return real_unary(decode, []<class T>(T a) { return 1 / std::sqrt(a); });
}
Form sine(Decoder& decode) {
  return real_unary(decode, []<class T>(T a) { return std::sin(a); });
}
Form cosine(Decoder& decode) {
  return real_unary(decode, []<class T>(T a) { return std::cos(a); });
}
Form power_of_two(Decoder& decode) {
  return real_unary(decode, []<class T>(T a) { return std::exp2(a); });
}
Form logarithm(Decoder& decode) {
  return real_unary(decode, []<class T>(T a) { return std::log2(a); });
}
Form hyperbolic_tangent(Decoder& decode) {
  return real_unary(decode, []<class T>(T a) { return std::tanh(a); });
}

}  // namespace

void add_real_rules(Rules& rules) {
  rules.add("add", add, Family::real);
  rules.add("sub", subtract, Family::real);
  rules.add("mul", multiply, Family::real);
  rules.add("div", divide, Family::real);
  rules.add("fma", fused_multiply_add, Family::real);
  rules.add("mad", fused_multiply_add, Family::real);
  rules.add("min", extreme<true>, Family::real);
  rules.add("max", extreme<false>, Family::real);
  rules.add("neg", negate, Family::real);
  rules.add("abs", absolute, Family::real);
  rules.add("copysign", copy_sign);
  rules.add("rcp", reciprocal);
  rules.add("sqrt", square_root);
  rules.add("rsqrt", reciprocal_root);
  rules.add("sin", sine);
  rules.add("cos", cosine);
  rules.add("ex2", power_of_two, Family::real);
  rules.add("lg2", logarithm);
  rules.add("tanh", hyperbolic_tangent, Family::real);
}

}  // namespace masktwins::emulator

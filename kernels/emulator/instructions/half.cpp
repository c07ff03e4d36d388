// Arithmetic on f16 and bf16 and on pairs of them (PTX ISA, "Half Precision Floating Point Instructions").
// Every operation is exact in double up to one rounding to odd, so the final rounding is the only one.
#include "kernels/emulator/instructions/half_numbers.h"
#include "kernels/emulator/instructions/lanewise.h"
#include "kernels/emulator/instructions/rules.h"

namespace masktwins::emulator {
namespace {

struct Style {
  bool flush = false;     // .ftz: subnormal results and operands count as zero
  bool saturate = false;  // .sat: [0, 1], NaN becomes 0
  bool relu = false;      // .relu: negative results become 0, NaN stays
};

template <class H>
constexpr double smallest_normal = std::is_same_v<H, Half> ? 0x1p-14 : 0x1p-126;

// Applies function(double, double, double) to one H.
template <class H, class Function>
uint16_t apply(const Style& style, Function function, uint16_t a, uint16_t b, uint16_t c) {
  const auto in = [&](uint16_t bits) {
    const double value = widen(H{bits});
    return style.flush && std::fabs(value) < smallest_normal<H> ? std::copysign(0.0, value) : value;
  };
  double value = function(in(a), in(b), in(c));
  if (style.saturate) value = value > 0 ? (value < 1 ? value : 1) : 0;
  if (style.relu && value < 0) value = 0;
  if (style.flush && std::fabs(value) < smallest_normal<H>) value = std::copysign(0.0, value);
  return H::from(value).bits;
}

template <class H, class Function>
Form half_form(Decoder& decode, const Style& style, bool pair, int operands, Function function) {
  if (!pair) {
    const auto out = decode.destination<uint16_t>(0);
    const auto a = decode.source<uint16_t>(1);
    const auto b = operands > 1 ? decode.source<uint16_t>(2) : a;
    const auto c = operands > 2 ? decode.source<uint16_t>(3) : a;
    return Action([=](Warp& warp) {
      const uint16_t *x = warp.lanes(a), *y = warp.lanes(b), *z = warp.lanes(c);
      warp.write(out, [&](int lane) { return apply<H>(style, function, x[lane], y[lane], z[lane]); });
    });
  }
  const auto out = decode.destination<uint32_t>(0);
  const auto a = decode.source<uint32_t>(1);
  const auto b = operands > 1 ? decode.source<uint32_t>(2) : a;
  const auto c = operands > 2 ? decode.source<uint32_t>(3) : a;
  return Action([=](Warp& warp) {
    const uint32_t *x = warp.lanes(a), *y = warp.lanes(b), *z = warp.lanes(c);
    const auto half = [&](int lane, int shift) {
      const auto part = [&](const uint32_t* lanes) { return static_cast<uint16_t>(lanes[lane] >> shift); };
      return static_cast<uint32_t>(apply<H>(style, function, part(x), part(y), part(z))) << shift;
    };
    warp.write(out, [&](int lane) { return half(lane, 0) | half(lane, 16); });
  });
}

template <class Function>
Form half_operation(Decoder& decode, int operands, Function function) {
  decode.ignore({"rn", "rni", "approx"});
  const Style style{decode.flag("ftz"), decode.flag("sat"), decode.flag("relu")};
  switch (decode.type()) {
    case Type::f16: return half_form<Half>(decode, style, false, operands, function);
    case Type::f16x2: return half_form<Half>(decode, style, true, operands, function);
    case Type::bf16: return half_form<Brain>(decode, style, false, operands, function);
    case Type::bf16x2: return half_form<Brain>(decode, style, true, operands, function);
    default: decode.unsupported("this type is not known here");
  }
}

Form add(Decoder& decode) {
  return half_operation(decode, 2, [](double a, double b, double) { return add_to_odd(a, b); });
}
Form subtract(Decoder& decode) {
  return half_operation(decode, 2, [](double a, double b, double) { return add_to_odd(a, -b); });
}
Form multiply(Decoder& decode) {
  return half_operation(decode, 2, [](double a, double b, double) { return a * b; });
}
Form fused_multiply_add(Decoder& decode) {
  return half_operation(decode, 3, [](double a, double b, double c) { return add_to_odd(a * b, c); });
}
template <bool smaller>
Form extreme(Decoder& decode) {
  const bool keep_nan = decode.flag("NaN");
  return half_operation(decode, 2, [=](double a, double b, double) {
    if (a != a) return keep_nan ? a : b;
    if (b != b) return keep_nan ? b : a;
    if (a == b) return std::signbit(a) == smaller ? a : b;
    return (a < b) == smaller ? a : b;
  });
}
Form power_of_two(Decoder& decode) {
  return half_operation(decode, 1, [](double a, double, double) { return std::exp2(a); });
}
Form hyperbolic_tangent(Decoder& decode) {
  return half_operation(decode, 1, [](double a, double, double) { return std::tanh(a); });
}

// Sign changes touch one bit and leave NaNs alone.
template <class Function>
Form sign_operation(Decoder& decode, Function function) {
  decode.ignore({"ftz"});
  switch (decode.type()) {
    case Type::f16:
    case Type::bf16:
      return unary<uint16_t>(decode, [=](uint16_t a) { return function(a, uint16_t{0x8000}); });
    case Type::f16x2:
    case Type::bf16x2: return unary<uint32_t>(decode, [=](uint32_t a) { return function(a, 0x80008000u); });
    default: decode.unsupported("this type is not known here");
  }
}
Form negate(Decoder& decode) {
  return sign_operation(decode, []<class T>(T a, T signs) { return static_cast<T>(a ^ signs); });
}
Form absolute(Decoder& decode) {
  return sign_operation(decode,
                        []<class T>(T a, T signs) { return static_cast<T>(a & static_cast<T>(~signs)); });
}

}  // namespace

void add_half_rules(Rules& rules) {
  rules.add("add", add, Family::half);
  rules.add("sub", subtract, Family::half);
  rules.add("mul", multiply, Family::half);
  rules.add("fma", fused_multiply_add, Family::half);
  rules.add("min", extreme<true>, Family::half);
  rules.add("max", extreme<false>, Family::half);
  rules.add("neg", negate, Family::half);
  rules.add("abs", absolute, Family::half);
  rules.add("ex2", power_of_two, Family::half);
  rules.add("tanh", hyperbolic_tangent, Family::half);
}

}  // namespace masktwins::emulator

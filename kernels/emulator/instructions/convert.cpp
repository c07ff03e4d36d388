// cvt (PTX ISA, "Data Movement and Conversion Instructions: cvt").
#include <cfloat>
#include <limits>

#include "kernels/emulator/instructions/lanewise.h"
#include "kernels/emulator/instructions/rounding.h"
#include "kernels/emulator/instructions/rules.h"

namespace masktwins::emulator {
namespace {

enum class Integral { none, nearest, zero, down, up };

struct Conversion {
  Type from = Type::f32, to = Type::f32;
  Rounding rounding = Rounding::nearest_even;
  Integral integral = Integral::none;  // round to an integer first
  bool flush = false, saturate = false, relu = false;
};

bool is_real(Type type) {
  return type == Type::f16 || type == Type::bf16 || type == Type::f32 || type == Type::f64;
}
bool is_signed(Type type) {
  return type == Type::s8 || type == Type::s16 || type == Type::s32 || type == Type::s64;
}

template <class T>
T lane_bits(const Warp& warp, Register from, int lane) {
  T value;
  std::memcpy(&value, warp.lane(from, lane), sizeof value);
  return value;
}

double load_real(const Warp& warp, Register from, Type type, int lane) {
  switch (type) {
    case Type::f16: return widen(lane_bits<Half>(warp, from, lane));
    case Type::bf16: return widen(lane_bits<Brain>(warp, from, lane));
    case Type::f32: return lane_bits<float>(warp, from, lane);
    default: return lane_bits<double>(warp, from, lane);
  }
}

// Sign- or zero-extended to 64 bits.
uint64_t load_integer(const Warp& warp, Register from, Type type, int lane) {
  switch (type) {
    case Type::s8: return static_cast<uint64_t>(lane_bits<int8_t>(warp, from, lane));
    case Type::s16: return static_cast<uint64_t>(lane_bits<int16_t>(warp, from, lane));
    case Type::s32: return static_cast<uint64_t>(lane_bits<int32_t>(warp, from, lane));
    default: {
      uint64_t value = 0;
      std::memcpy(&value, warp.lane(from, lane), static_cast<std::size_t>(size_of(type)));
      return value;
    }
  }
}

void store_integer(const Warp& warp, Register to, Type type, int lane, uint64_t value) {
  const int bits = 8 * size_of(type);
  if (bits < 64) {
    value <<= 64 - bits;
    value = is_signed(type) ? static_cast<uint64_t>(static_cast<int64_t>(value) >> (64 - bits))
                            : value >> (64 - bits);
  }
  std::memcpy(warp.lane(to, lane), &value, static_cast<std::size_t>(to.width));
}

template <class T>
void store(const Warp& warp, Register to, int lane, T value) {
  store_integer(warp, to,
                sizeof(T) == 2   ? Type::b16
                : sizeof(T) == 4 ? Type::b32
                                 : Type::b64,
                lane, [&] {
                  uint64_t bits = 0;
                  std::memcpy(&bits, &value, sizeof value);
                  return bits;
                }());
}

double round_to_integer(double value, Integral integral) {
  switch (integral) {
    case Integral::nearest: return std::nearbyint(value);
    case Integral::zero: return std::trunc(value);
    case Integral::down: return std::floor(value);
    case Integral::up: return std::ceil(value);
    case Integral::none: return value;
  }
  return value;
}

void store_real(const Warp& warp, Register to, const Conversion& conversion, int lane, double value) {
  if (conversion.saturate) value = value > 0 ? (value < 1 ? value : 1) : 0;
  if (conversion.relu && value < 0) value = 0;
  switch (conversion.to) {
    case Type::f16: return store(warp, to, lane, Half::from(value, conversion.rounding));
    case Type::bf16: return store(warp, to, lane, Brain::from(value, conversion.rounding));
    case Type::f32: {
      float narrowed = static_cast<float>(value);  // under the rounding mode of the instruction
      if (conversion.flush && std::fabs(narrowed) < FLT_MIN) narrowed = std::copysign(0.f, narrowed);
      return store(warp, to, lane, narrowed == narrowed ? narrowed : std::bit_cast<float>(0x7fffffffu));
    }
    default: return store(warp, to, lane, value);
  }
}

// Out of range goes to the nearest bound. NaN: 0 for narrow types, the lowest signed value otherwise.
uint64_t to_integer(double value, const Conversion& conversion) {
  const int bits = 8 * size_of(conversion.to);
  if (value != value) return conversion.from == Type::f64 || bits == 64 ? uint64_t{1} << (bits - 1) : 0;
  if (is_signed(conversion.to)) {
    const double bound = std::ldexp(1.0, bits - 1);
    if (value >= bound) return (uint64_t{1} << (bits - 1)) - 1;
    if (value < -bound) return ~uint64_t{0} << (bits - 1);
    return static_cast<uint64_t>(static_cast<int64_t>(value));
  }
  if (value >= std::ldexp(1.0, bits)) return ~uint64_t{0} >> (64 - bits);
  return value <= 0 ? 0 : static_cast<uint64_t>(value);
}

uint64_t saturate_integer(uint64_t value, const Conversion& conversion) {
  const int bits = 8 * size_of(conversion.to);
  const uint64_t largest = ~uint64_t{0} >> (is_signed(conversion.to) ? 65 - bits : 64 - bits);
  if (is_signed(conversion.from)) {
    const int64_t number = static_cast<int64_t>(value);
    if (number < 0) {
      if (!is_signed(conversion.to)) return 0;
      const int64_t lowest = -static_cast<int64_t>(largest) - 1;
      return static_cast<uint64_t>(std::max(number, lowest));
    }
  }
  return std::min(value, largest);
}

// At most 53 significant bits, rounded to odd: narrowing the double then rounds only once.
double to_double_odd(uint64_t magnitude) {
  if (magnitude >> 53 == 0) return static_cast<double>(magnitude);
  const uint64_t low = magnitude & 0xfffu;
  return static_cast<double>((magnitude & ~uint64_t{0xfff}) | (low != 0 ? uint64_t{0x1000} : 0));
}

void integer_to_real(const Warp& warp, Register to, const Conversion& conversion, int lane, uint64_t value) {
  const bool negative = is_signed(conversion.from) && static_cast<int64_t>(value) < 0;
  if (conversion.to == Type::f32) {
    store(warp, to, lane,
          negative ? static_cast<float>(static_cast<int64_t>(value)) : static_cast<float>(value));
  } else if (conversion.to == Type::f64) {
    store(warp, to, lane,
          negative ? static_cast<double>(static_cast<int64_t>(value)) : static_cast<double>(value));
  } else {
    const double magnitude = to_double_odd(negative ? 0 - value : value);
    store_real(warp, to, conversion, lane, negative ? -magnitude : magnitude);
  }
}

void convert_lane(Warp& warp, Register to, Register from, const Conversion& conversion, int lane) {
  if (is_real(conversion.from)) {
    double value = load_real(warp, from, conversion.from, lane);
    if (conversion.flush && conversion.from == Type::f32 && std::fabs(value) < FLT_MIN)
      value = std::copysign(0.0, value);
    value = round_to_integer(value, conversion.integral);
    if (is_real(conversion.to)) store_real(warp, to, conversion, lane, value);
    else store_integer(warp, to, conversion.to, lane, to_integer(value, conversion));
    return;
  }
  const uint64_t value = load_integer(warp, from, conversion.from, lane);
  if (is_real(conversion.to)) integer_to_real(warp, to, conversion, lane, value);
  else
    store_integer(warp, to, conversion.to, lane,
                  conversion.saturate ? saturate_integer(value, conversion) : value);
}

// cvt.rn.f16x2.f32 d, a, b: a goes to the upper half.
Form convert_pair(Decoder& decode, const Conversion& conversion) {
  const auto out = decode.destination<uint32_t>(0);
  const auto a = decode.source<float>(1), b = decode.source<float>(2);
  const auto narrowed = [=](float value) -> uint32_t {
    if (conversion.relu && value < 0) value = 0;
    if (conversion.to == Type::f16x2) return Half::from(value, conversion.rounding).bits;
    return Brain::from(value, conversion.rounding).bits;
  };
  return Action([=](Warp& warp) {
    const float *x = warp.lanes(a), *y = warp.lanes(b);
    warp.write(out, [&](int lane) { return narrowed(x[lane]) << 16 | narrowed(y[lane]); });
  });
}

Form convert(Decoder& decode) {
  Conversion conversion;
  if (decode.flag("rni")) conversion.integral = Integral::nearest;
  else if (decode.flag("rzi")) conversion.integral = Integral::zero;
  else if (decode.flag("rmi")) conversion.integral = Integral::down;
  else if (decode.flag("rpi")) conversion.integral = Integral::up;
  conversion.rounding = rounding_modifier(decode);
  conversion.flush = decode.flag("ftz");
  conversion.saturate = decode.flag("sat");
  conversion.relu = decode.flag("relu");
  conversion.to = decode.type();
  conversion.from = decode.type();
  if (conversion.to == Type::f16x2 || conversion.to == Type::bf16x2) return convert_pair(decode, conversion);
  if (conversion.to == Type::tf32)
    return unary<float>(decode, [=](float value) { return to_tf32(value, conversion.rounding); });
  const auto known = [](Type type) {
    return type != Type::b128 && type != Type::f16x2 && type != Type::bf16x2;
  };
  if (!known(conversion.to) || !known(conversion.from)) decode.unsupported("this conversion is not known");
  const Register to = decode.wide_destination(decode.operand(0));
  const Register from = decode.wide_source(decode.operand(1), conversion.from);
  return under_rounding(conversion.rounding, [=](Warp& warp) {
    for_each_lane(warp.active(), [&](int lane) { convert_lane(warp, to, from, conversion, lane); });
  });
}

}  // namespace

void add_convert_rules(Rules& rules) { rules.add("cvt", convert); }

}  // namespace masktwins::emulator

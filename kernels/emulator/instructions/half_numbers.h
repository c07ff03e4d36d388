// Numbers with fewer bits than a float: exact widening and correctly rounded narrowing.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace masktwins::emulator {

enum class Rounding : uint8_t { nearest_even, nearest_away, zero, down, up };

// Encodes |value| rounded to a format with these numbers of exponent and fraction bits, sign in front.
// Overflow gives infinity, or the largest finite number when rounding away from it. NaN becomes `nan`.
template <int exponent_bits, int fraction_bits>
uint32_t narrow(double value, Rounding rounding, uint32_t nan) {
  constexpr int bias = (1 << (exponent_bits - 1)) - 1;
  constexpr uint32_t infinity = ((1u << exponent_bits) - 1) << fraction_bits;
  if (std::isnan(value)) return nan;
  const bool negative = std::signbit(value);
  const uint32_t sign = negative ? 1u << (exponent_bits + fraction_bits) : 0;
  const double magnitude = std::fabs(value);
  if (std::isinf(magnitude)) return sign | infinity;
  if (magnitude == 0) return sign;
  const uint64_t bits = std::bit_cast<uint64_t>(magnitude);
  // Subnormal doubles lie far below every format here and keep the smallest exponent.
  int exponent = static_cast<int>(bits >> 52) - 1023;
  if (exponent < 1 - bias) exponent = 1 - bias;
  // magnitude in units of the last place; exact, as scaling by a power of two is
  const double units = std::ldexp(magnitude, fraction_bits - exponent);
  const double whole = std::floor(units), rest = units - whole;
  uint32_t integer = static_cast<uint32_t>(whole);
  bool up = false;
  switch (rounding) {
    case Rounding::nearest_even: up = rest > 0.5 || (rest == 0.5 && (integer & 1u) != 0); break;
    case Rounding::nearest_away: up = rest >= 0.5; break;
    case Rounding::zero: break;
    case Rounding::down: up = negative && rest > 0; break;
    case Rounding::up: up = !negative && rest > 0; break;
  }
  if (up) ++integer;
  // The hidden bit of a normal number adds one to the exponent; a carry out of the fraction another one.
  const int64_t encoded = (int64_t{exponent + bias - 1} << fraction_bits) + integer;
  if (encoded < infinity) return sign | static_cast<uint32_t>(encoded);
  const bool stays_finite = rounding == Rounding::zero || (rounding == Rounding::down && !negative) ||
                            (rounding == Rounding::up && negative);
  return sign | (stays_finite ? infinity - 1 : infinity);
}

struct Half {  // IEEE binary16
  uint16_t bits = 0;
  static Half from(double value, Rounding rounding = Rounding::nearest_even) {
    return {static_cast<uint16_t>(narrow<5, 10>(value, rounding, 0x7fff))};
  }
};

struct Brain {  // bfloat16: the upper half of a float
  uint16_t bits = 0;
  static Brain from(double value, Rounding rounding = Rounding::nearest_even) {
    return {static_cast<uint16_t>(narrow<8, 7>(value, rounding, 0x7fff))};
  }
};

inline float widen(Half half) {
  // Moves exponent and fraction into a float and corrects the bias by a multiplication, which also
  // normalises subnormals; infinities and NaNs need the largest exponent instead.
  const uint32_t magnitude = static_cast<uint32_t>(half.bits & 0x7fffu) << 13;
  uint32_t bits = std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) * 0x1p112f);
  if ((half.bits & 0x7c00u) == 0x7c00u) bits = magnitude | 0x7f800000u;
  return std::bit_cast<float>(bits | static_cast<uint32_t>(half.bits & 0x8000u) << 16);
}

inline float widen(Brain brain) { return std::bit_cast<float>(static_cast<uint32_t>(brain.bits) << 16); }

// tf32: a float whose last 13 bits are ignored.
inline float to_tf32(float value, Rounding rounding) {
  return std::bit_cast<float>(narrow<8, 10>(value, rounding, 0x7fffffffu >> 13) << 13);
}
inline float tf32_operand(uint32_t bits) { return std::bit_cast<float>(bits & 0xffffe000u); }

// a + b rounded to odd: a later rounding to fewer bits then gives what rounding the exact sum once gives
// (Boldo and Melquiond, "Emulation of FMA and correctly rounded sums", IEEE TC 2008).
inline double add_to_odd(double a, double b) {
  const double sum = a + b;
  const double b_part = sum - a;
  const double error = (a - (sum - b_part)) + (b - b_part);
  uint64_t bits = std::bit_cast<uint64_t>(sum);
  if (error == 0 || !std::isfinite(sum) || (bits & 1u) != 0) return sum;
  const bool grows = (error > 0) == (sum > 0);
  return std::bit_cast<double>(grows ? bits + 1 : bits - 1);
}

}  // namespace masktwins::emulator

// Formats with fewer bits than a float, against a search through all their values.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "kernels/emulator/instructions/half_numbers.h"

using namespace masktwins::emulator;

namespace {

// Value of an encoding, from the definition of the format.
double decode(uint32_t bits, int exponent_bits, int fraction_bits) {
  const int bias = (1 << (exponent_bits - 1)) - 1;
  const int exponent = static_cast<int>(bits >> fraction_bits) & ((1 << exponent_bits) - 1);
  const int fraction = static_cast<int>(bits) & ((1 << fraction_bits) - 1);
  const double scale = std::ldexp(1.0, -fraction_bits);
  const double magnitude = exponent == 0 ? std::ldexp(fraction * scale, 1 - bias)
                                         : std::ldexp(1 + fraction * scale, exponent - bias);
  return (bits >> (exponent_bits + fraction_bits) & 1u) != 0 ? -magnitude : magnitude;
}

// Finite values of the format from zero up; their index is their encoding.
std::vector<double> positive_values(int exponent_bits, int fraction_bits) {
  std::vector<double> values;
  for (uint32_t bits = 0; bits < ((1u << exponent_bits) - 1) << fraction_bits; ++bits)
    values.push_back(decode(bits, exponent_bits, fraction_bits));
  return values;
}

// The encoding of a positive number between two neighbours of the table.
uint32_t search(const std::vector<double>& values, double number, Rounding rounding) {
  const auto above = std::lower_bound(values.begin(), values.end(), number);
  const uint32_t high = static_cast<uint32_t>(above - values.begin());
  if (above != values.end() && *above == number) return high;
  const uint32_t low = high - 1;
  const double next = above == values.end() ? 2 * values.back() - values[values.size() - 2] : *above;
  const double middle = (values[low] + next) / 2;
  switch (rounding) {
    case Rounding::zero:
    case Rounding::down: return low;
    case Rounding::up: return high;
    case Rounding::nearest_away: return number < middle ? low : high;
    case Rounding::nearest_even: break;
  }
  if (number == middle) return low % 2 == 0 ? low : high;
  return number < middle ? low : high;
}

template <int exponent_bits, int fraction_bits>
void check_narrowing() {
  const std::vector<double> values = positive_values(exponent_bits, fraction_bits);
  std::mt19937_64 random(5);
  for (int i = 0; i < 20000; ++i) {
    const std::size_t index = random() % (values.size() - 1);
    // Below, at and above the middle between two neighbours, and close to them.
    const double parts[] = {0, 0x1p-30, 0.25, 0.5 - 0x1p-30, 0.5, 0.5 + 0x1p-30, 0.75, 1 - 0x1p-30};
    const double number = values[index] + parts[random() % 8] * (values[index + 1] - values[index]);
    for (const Rounding rounding :
         {Rounding::nearest_even, Rounding::nearest_away, Rounding::zero, Rounding::down, Rounding::up}) {
      const uint32_t expected = search(values, number, rounding);
      const Rounding mirrored = rounding == Rounding::down ? Rounding::up
                                : rounding == Rounding::up ? Rounding::down
                                                           : rounding;
      const uint32_t sign = 1u << (exponent_bits + fraction_bits);
      const uint32_t positive = narrow<exponent_bits, fraction_bits>(number, rounding, 0);
      const uint32_t negative = narrow<exponent_bits, fraction_bits>(-number, mirrored, 0);
      if (positive == expected && negative == (expected | sign)) continue;
      CAPTURE(number);
      CAPTURE(static_cast<int>(rounding));
      REQUIRE(positive == expected);
      REQUIRE(negative == (expected | sign));
    }
  }
}

}  // namespace

TEST_CASE("every half and bfloat16 widens to its value and back") {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const Half half{static_cast<uint16_t>(bits)};
    const Brain brain{static_cast<uint16_t>(bits)};
    if ((bits & 0x7c00) != 0x7c00) {
      REQUIRE(static_cast<double>(widen(half)) == decode(bits, 5, 10));
      REQUIRE(Half::from(widen(half)).bits == bits);
    }
    if ((bits & 0x7f80) != 0x7f80) {
      REQUIRE(static_cast<double>(widen(brain)) == decode(bits, 8, 7));
      REQUIRE(Brain::from(widen(brain)).bits == bits);
    }
  }
  CHECK(widen(Half{0x7c00}) == INFINITY);
  CHECK(widen(Half{0xfc00}) == -INFINITY);
  CHECK(std::isnan(widen(Half{0x7c01})));
}

TEST_CASE("narrowing rounds as a search through all values does") {
  check_narrowing<5, 10>();
  check_narrowing<8, 7>();
  check_narrowing<8, 10>();
}

TEST_CASE("overflow goes to infinity, or to the largest number when rounding away from it") {
  CHECK(Half::from(65520).bits == 0x7c00);
  CHECK(Half::from(65519.99).bits == 0x7bff);
  CHECK(Half::from(1e9, Rounding::zero).bits == 0x7bff);
  CHECK(Half::from(1e9, Rounding::up).bits == 0x7c00);
  CHECK(Half::from(-1e9, Rounding::up).bits == 0xfbff);
  CHECK(Half::from(NAN).bits == 0x7fff);
  CHECK(Brain::from(INFINITY).bits == 0x7f80);
}

TEST_CASE("a sum rounded to odd rounds once more as the exact sum would") {
  // 2^24 + 1 + 2^-60: the middle between two floats and a little more.
  const double sum = add_to_odd(0x1p24 + 1, 0x1p-60);
  CHECK(static_cast<float>(sum) == 0x1p24f + 2);
  CHECK(static_cast<float>(0x1p24 + 1 + 0x1p-60) == 0x1p24f);
  CHECK(add_to_odd(1, 2) == 3);
  CHECK(static_cast<float>(add_to_odd(-0x1p24 - 1, -0x1p-60)) == -0x1p24f - 2);
  CHECK(static_cast<float>(add_to_odd(0x1p24 + 1, -0x1p-60)) == 0x1p24f);
}

// Instructions the random programs leave out: rounding modes, subnormals, halves, conversions, carries,
// moves.
#include <doctest/doctest.h>

#include <bit>
#include <cmath>

#include "kernels/emulator/instructions/half_numbers.h"
#include "tests/emulator/ptx_program.h"

using namespace masktwins::tests;
using masktwins::emulator::Brain;
using masktwins::emulator::Half;

namespace {

// Results of a float instruction on pairs (x, 1/3).
std::vector<float> with_third(const std::vector<float>& x, const std::string& instruction) {
  std::vector<uint32_t> bits;
  for (const float value : x) bits.push_back(std::bit_cast<uint32_t>(value));
  const std::vector<uint32_t> result =
      per_lane<uint32_t>(bits, "mov.b32 %f1, %r1; mov.b32 %f2, 0f3EAAAAAB;\n" + instruction +
                                   " %f3, %f1, %f2;\nmov.b32 %r2, %f3;");
  std::vector<float> values;
  for (const uint32_t value : result) values.push_back(std::bit_cast<float>(value));
  return values;
}

// The float below or above an exact double, whichever the mode asks for.
float directed(double exact, const std::string& mode) {
  const float nearest = static_cast<float>(exact);
  const bool down = mode == "rm" || (mode == "rz" && exact > 0);
  const bool up = mode == "rp" || (mode == "rz" && exact < 0);
  if (down && static_cast<double>(nearest) > exact) return std::nextafter(nearest, -INFINITY);
  if (up && static_cast<double>(nearest) < exact) return std::nextafter(nearest, INFINITY);
  return nearest;
}

uint32_t bits(float value) { return std::bit_cast<uint32_t>(value); }

template <class T>
T one(uint32_t input, const std::string& body) {
  return per_lane<T>(std::vector<uint32_t>{input}, body)[0];
}

}  // namespace

TEST_CASE("add, mul and fma follow every rounding mode") {
  std::vector<float> x;
  for (int i = 0; i < 32; ++i) x.push_back(static_cast<float>(std::sin(i * 12.9898) * 43758.5453));
  const double third = static_cast<double>(1 / 3.f);
  for (const std::string mode : {"rn", "rz", "rm", "rp"}) {
    CAPTURE(mode);
    const std::vector<float> sum = with_third(x, "add." + mode + ".f32");
    const std::vector<float> product = with_third(x, "mul." + mode + ".f32");
    const std::vector<float> fused =
        with_third(x, "fma." + mode + ".f32 %f4, %f1, %f2, %f2;\nadd.rn.f32 %f3, %f4, 0f80000000; //");
    for (std::size_t i = 0; i < x.size(); ++i) {
      CHECK(sum[i] == directed(static_cast<double>(x[i]) + third, mode));
      CHECK(product[i] == directed(static_cast<double>(x[i]) * third, mode));
      CHECK(fused[i] == directed(static_cast<double>(x[i]) * third + third, mode));
    }
  }
}

TEST_CASE(".ftz takes subnormal operands and results for zero") {
  CHECK(one<uint32_t>(1, "mov.b32 %f1, %r1; add.f32 %f2, %f1, 0f00000000; mov.b32 %r2, %f2;") == 1);
  CHECK(one<uint32_t>(1, "mov.b32 %f1, %r1; add.ftz.f32 %f2, %f1, 0f00000000; mov.b32 %r2, %f2;") == 0);
  CHECK(one<uint32_t>(bits(0x1p-100f),
                      "mov.b32 %f1, %r1; mul.ftz.f32 %f2, %f1, 0f0D000000; mov.b32 %r2, %f2;") == 0);
  CHECK(one<uint32_t>(0x80000001, "mov.b32 %f1, %r1; neg.ftz.f32 %f2, %f1; mov.b32 %r2, %f2;") == 0);
  CHECK(one<uint32_t>(
            1, "mov.b32 %f1, %r1; setp.eq.ftz.f32 %p1, %f1, 0f00000000; selp.u32 %r2, 7, 8, %p1;") == 7);
}

TEST_CASE("minimum and maximum know NaN and the sign of zero") {
  const auto extreme = [](const std::string& op, float a, float b) {
    return one<uint32_t>(bits(a), "mov.b32 %f1, %r1; mov.b32 %r3, " + std::to_string(bits(b)) +
                                      "; mov.b32 %f2, %r3; " + op + " %f3, %f1, %f2; mov.b32 %r2, %f3;");
  };
  CHECK(extreme("min.f32", -0.f, 0.f) == bits(-0.f));
  CHECK(extreme("max.f32", -0.f, 0.f) == bits(0.f));
  CHECK(extreme("max.f32", NAN, 2.f) == bits(2.f));
  CHECK(extreme("max.NaN.f32", NAN, 2.f) == 0x7fffffff);
  CHECK(extreme("min.xorsign.abs.f32", -3.f, 2.f) == bits(-2.f));
  CHECK(extreme("copysign.f32", -3.f, 2.f) == bits(-2.f));
}

TEST_CASE("pairs of halves are computed part by part") {
  const auto pair = [](double low, double high) {
    return static_cast<uint32_t>(Half::from(high).bits) << 16 | Half::from(low).bits;
  };
  CHECK(one<uint32_t>(pair(1.5, -2), "fma.rn.f16x2 %r2, %r1, %r1, %r1;") == pair(3.75, 2));
  CHECK(one<uint32_t>(pair(1.5, -2), "fma.rn.relu.f16x2 %r2, %r1, %r1, %r1; neg.f16x2 %r2, %r2;") ==
        pair(-3.75, -2));
  CHECK(one<uint32_t>(pair(1.5, -2), "max.f16x2 %r2, %r1, 0;") == pair(1.5, 0));
  CHECK(one<uint32_t>(pair(3, 4), "set.gt.f16x2.f16x2 %r2, %r1, 1109544960;") ==
        pair(0, 1));  // 0x42224000: 2, 3.07
  const auto brains = [](double low, double high) {
    return static_cast<uint32_t>(Brain::from(high).bits) << 16 | Brain::from(low).bits;
  };
  CHECK(one<uint32_t>(brains(257, 3), "add.rn.bf16x2 %r2, %r1, %r1;") == brains(514, 6));
  CHECK(one<uint32_t>(bits(3.1415927f), "mov.b32 %f1, %r1; cvt.rn.bf16x2.f32 %r2, %f1, %f1;") ==
        brains(3.1415927, 3.1415927));
  CHECK(one<uint32_t>(pair(0.1, 0), "mov.b32 {%h1, %h2}, %r1; cvt.f32.f16 %f1, %h1; mov.b32 %r2, %f1;") ==
        bits(widen(Half::from(0.1))));
}

TEST_CASE("conversions saturate, truncate and treat NaN as the device does") {
  const auto convert = [](float value, const std::string& instruction) {
    return one<uint32_t>(bits(value), "mov.b32 %f1, %r1; " + instruction + " %r2, %f1;");
  };
  CHECK(convert(2.5f, "cvt.rni.s32.f32") == 2);
  CHECK(convert(3.5f, "cvt.rni.s32.f32") == 4);
  CHECK(convert(-2.5f, "cvt.rzi.s32.f32") == static_cast<uint32_t>(-2));
  CHECK(convert(-2.5f, "cvt.rmi.s32.f32") == static_cast<uint32_t>(-3));
  CHECK(convert(2.1f, "cvt.rpi.u32.f32") == 3);
  CHECK(convert(-1.f, "cvt.rzi.u32.f32") == 0);
  CHECK(convert(1e20f, "cvt.rzi.s32.f32") == 0x7fffffff);
  CHECK(convert(NAN, "cvt.rzi.s32.f32") == 0);
  CHECK(convert(300.f, "cvt.rzi.u8.f32") == 255);
  CHECK(convert(1 + 0x1p-11f, "cvt.rna.tf32.f32") == bits(1 + 0x1p-10f));
  CHECK(one<uint64_t>(bits(NAN), "mov.b32 %f1, %r1; cvt.rzi.s64.f32 %rd11, %f1;") == uint64_t{1} << 63);
  CHECK(one<uint32_t>(0x01ffffff, "cvt.rz.f32.u32 %f1, %r1; mov.b32 %r2, %f1;") == bits(0x1fffffep0f));
  CHECK(one<uint32_t>(static_cast<uint32_t>(-300), "cvt.sat.s8.s32 %r2, %r1;") ==
        static_cast<uint32_t>(-128));
  CHECK(one<uint32_t>(0x12345680, "cvt.s32.s8 %r2, %r1;") == 0xffffff80);
}

TEST_CASE("carries run through a chain") {
  // (2^64 - 1) + 1 in three words, then minus one again.
  CHECK(one<uint32_t>(0xffffffff, "add.cc.u32 %r3, %r1, 1; addc.cc.u32 %r4, %r1, 0; addc.u32 %r2, 5, 0;") ==
        6);
  CHECK(one<uint32_t>(0, "sub.cc.u32 %r3, %r1, 1; subc.u32 %r2, 5, 0;") == 4);
  // After a subtraction the carry is 1 where nothing was borrowed.
  CHECK(one<uint32_t>(5, "sub.cc.u32 %r3, %r1, 4; addc.u32 %r2, 0, 0;") == 1);
  CHECK(one<uint32_t>(3, "sub.cc.u32 %r3, %r1, 4; subc.cc.u32 %r3, 0, 0; addc.u32 %r2, 0, 0;") == 0);
  CHECK(one<uint32_t>(0xffffffff, "mad.lo.cc.u32 %r3, %r1, %r1, %r1; madc.hi.u32 %r2, %r1, %r1, 0;") ==
        0xfffffffe + 1);
}

TEST_CASE("moves pack and unpack") {
  CHECK(one<uint64_t>(0xaabbccdd, "mov.b64 %rd11, {%r1, 7};") == 0x00000007aabbccdd);
  CHECK(one<uint32_t>(0xaabbccdd, "mov.b32 {%h1, %h2}, %r1; mov.b32 %r2, {%h2, %h1};") == 0xccddaabb);
  CHECK(one<uint32_t>(0xaabbccdd, "mov.b32 {_, %h2}, %r1; cvt.u32.u16 %r2, %h2;") == 0xaabb);
  CHECK(one<uint32_t>(5, "setp.eq.u32 %p1|%p2, %r1, 6; selp.u32 %r2, 1, 2, %p2;") == 1);
  CHECK(one<uint32_t>(5, "bfind.u32 %r2, %r1;") == 2);
  CHECK(one<uint32_t>(0, "bfind.u32 %r2, %r1;") == 0xffffffff);
}

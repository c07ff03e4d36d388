#include "kernels/emulator/instructions/carry.h"

#include "kernels/emulator/instructions/lanewise.h"

namespace masktwins::emulator {
namespace {

__extension__ using Wide = unsigned __int128;

// `compute(lane, carry)` returns the exact result; what does not fit T becomes the next carry, 0 or 1.
template <class T, class Compute>
Action chained(Decoder& decode, bool continues, Compute compute) {
  const bool sets_carry = decode.flag("cc") || !continues;
  const auto out = decode.destination<T>(0);
  const auto carry = decode.carry();
  return [=](Warp& warp) {
    const uint32_t* carried = warp.lanes(Source<uint32_t>{carry.offset});
    std::array<Wide, warp_size> exact;
    for (int lane = 0; lane < warp_size; ++lane)
      exact[static_cast<std::size_t>(lane)] = compute(warp, lane, continues ? carried[lane] : 0);
    warp.write(out, [&](int lane) { return static_cast<T>(exact[static_cast<std::size_t>(lane)]); });
    if (sets_carry)
      warp.write(carry, [&](int lane) {
        return static_cast<uint32_t>(exact[static_cast<std::size_t>(lane)] >> (8 * sizeof(T)) & 1u);
      });
  };
}

template <class Body>
Form by_width(Decoder& decode, bool signed_matters, Body body) {
  const Type type = decode.type();
  const bool is_signed = type == Type::s32 || type == Type::s64;
  if (is_signed && signed_matters) decode.unsupported("only unsigned types are known here");
  if (size_of(type) == 4) return body.template operator()<uint32_t>();
  if (size_of(type) == 8) return body.template operator()<uint64_t>();
  decode.unsupported("this type is not known here");
}

}  // namespace

Form add_in_chain(Decoder& decode, bool continues) {
  return by_width(decode, false, [&]<class T>() -> Form {
    const auto a = decode.source<T>(1), b = decode.source<T>(2);
    return chained<T>(decode, continues, [=](Warp& warp, int lane, uint32_t carry) {
      return Wide{warp.lanes(a)[lane]} + warp.lanes(b)[lane] + carry;
    });
  });
}

// a + ~b + 1: as in the device's adder, the carry is 1 where nothing is borrowed. The compiler's own division
// of 128-bit numbers reads it with addc.
Form subtract_in_chain(Decoder& decode, bool continues) {
  return by_width(decode, false, [&]<class T>() -> Form {
    const auto a = decode.source<T>(1), b = decode.source<T>(2);
    return chained<T>(decode, continues, [=](Warp& warp, int lane, uint32_t carry) {
      return Wide{warp.lanes(a)[lane]} + static_cast<T>(~warp.lanes(b)[lane]) + (continues ? carry : 1);
    });
  });
}

Form multiply_add_in_chain(Decoder& decode, bool continues) {
  const bool upper = decode.flag("hi");
  if (!upper && !decode.flag("lo")) decode.unsupported("one of .lo and .hi is needed");
  return by_width(decode, upper, [&]<class T>() -> Form {
    const auto a = decode.source<T>(1), b = decode.source<T>(2), c = decode.source<T>(3);
    return chained<T>(decode, continues, [=](Warp& warp, int lane, uint32_t carry) {
      const Wide product = Wide{warp.lanes(a)[lane]} * warp.lanes(b)[lane];
      const T part = static_cast<T>(upper ? product >> (8 * sizeof(T)) : product);
      return Wide{part} + warp.lanes(c)[lane] + carry;
    });
  });
}

}  // namespace masktwins::emulator

// Instructions that compute every lane from the same lane of their operands.
#pragma once

#include <cstdint>

#include "kernels/emulator/program/decoder.h"

namespace masktwins::emulator {

template <class T, class Function>
Action unary(Decoder& decode, Function function) {
  const auto out = decode.destination<T>(0);
  const auto a = decode.source<T>(1);
  return [=](Warp& warp) {
    const T* x = warp.lanes(a);
    warp.write(out, [&](int lane) { return static_cast<T>(function(x[lane])); });
  };
}

template <class T, class Function>
Action binary(Decoder& decode, Function function) {
  const auto out = decode.destination<T>(0);
  const auto a = decode.source<T>(1), b = decode.source<T>(2);
  return [=](Warp& warp) {
    const T *x = warp.lanes(a), *y = warp.lanes(b);
    warp.write(out, [&](int lane) { return static_cast<T>(function(x[lane], y[lane])); });
  };
}

template <class T, class Function>
Action ternary(Decoder& decode, Function function) {
  const auto out = decode.destination<T>(0);
  const auto a = decode.source<T>(1), b = decode.source<T>(2), c = decode.source<T>(3);
  return [=](Warp& warp) {
    const T *x = warp.lanes(a), *y = warp.lanes(b), *z = warp.lanes(c);
    warp.write(out, [&](int lane) { return static_cast<T>(function(x[lane], y[lane], z[lane])); });
  };
}

// body.operator()<T>() with the C++ integer type behind `type`; untyped bits count as unsigned.
template <class Body>
Form with_integer(Decoder& decode, Type type, Body body) {
  switch (type) {
    case Type::b16:
    case Type::u16: return body.template operator()<uint16_t>();
    case Type::s16: return body.template operator()<int16_t>();
    case Type::b32:
    case Type::u32: return body.template operator()<uint32_t>();
    case Type::s32: return body.template operator()<int32_t>();
    case Type::b64:
    case Type::u64: return body.template operator()<uint64_t>();
    case Type::s64: return body.template operator()<int64_t>();
    default: decode.unsupported("this type is not known here");
  }
}

// The same for instructions that only look at bits; predicates are 32 bits of 0 or 1.
template <class Body>
Form with_bits(Decoder& decode, Type type, Body body) {
  switch (size_of(type)) {
    case 2: return body.template operator()<uint16_t>();
    case 4: return body.template operator()<uint32_t>();
    case 8: return body.template operator()<uint64_t>();
    default: decode.unsupported("this type is not known here");
  }
}

}  // namespace masktwins::emulator

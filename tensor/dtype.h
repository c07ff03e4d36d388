// Element types of tensors.
#pragma once

#include <cstdint>
#include <ostream>
#include <type_traits>
#include <utility>

#include "kernels/common/float16.h"
#include "tensor/check.h"

namespace masktwins {

using kernels::bfloat16;
using kernels::float16;

enum class DType { float32, float64, bfloat16, float16, int32, int64, uint8 };

constexpr std::size_t size_of(DType type) {
  switch (type) {
    case DType::float32:
    case DType::int32: return 4;
    case DType::float64:
    case DType::int64: return 8;
    case DType::bfloat16:
    case DType::float16: return 2;
    case DType::uint8: return 1;
  }
  return 0;
}

constexpr const char* name_of(DType type) {
  switch (type) {
    case DType::float32: return "float32";
    case DType::float64: return "float64";
    case DType::bfloat16: return "bfloat16";
    case DType::float16: return "float16";
    case DType::int32: return "int32";
    case DType::int64: return "int64";
    case DType::uint8: return "uint8";
  }
  return "?";
}

inline std::ostream& operator<<(std::ostream& out, DType type) { return out << name_of(type); }

template <class T>
constexpr DType dtype_of() {
  if constexpr (std::is_same_v<T, float>) return DType::float32;
  else if constexpr (std::is_same_v<T, double>) return DType::float64;
  else if constexpr (std::is_same_v<T, bfloat16>) return DType::bfloat16;
  else if constexpr (std::is_same_v<T, float16>) return DType::float16;
  else if constexpr (std::is_same_v<T, int32_t>) return DType::int32;
  else if constexpr (std::is_same_v<T, int64_t>) return DType::int64;
  else {
    static_assert(std::is_same_v<T, uint8_t>, "no DType for this C++ type");
    return DType::uint8;
  }
}

constexpr bool is_floating(DType type) {
  return type == DType::float32 || type == DType::float64 || type == DType::bfloat16 ||
         type == DType::float16;
}

// The type of statistics, affine parameters and sums beside elements of `type`.
constexpr DType wide(DType type) {
  return type == DType::bfloat16 || type == DType::float16 ? DType::float32 : type;
}

// Calls body with a value of the C++ type behind a dtype: dispatch_dtype(x.dtype(), [&](auto zero) { using T
// = decltype(zero); ... }).
template <class Body>
decltype(auto) dispatch_dtype(DType type, Body&& body) {
  switch (type) {
    case DType::float32: return body(float{});
    case DType::float64: return body(double{});
    case DType::bfloat16: return body(bfloat16{});
    case DType::float16: return body(float16{});
    case DType::int32: return body(int32_t{});
    case DType::int64: return body(int64_t{});
    case DType::uint8: break;
  }
  return body(uint8_t{});
}

// The same for the types that the CPU computes with.
template <class Body>
decltype(auto) dispatch_floating(DType type, const char* op, Body&& body) {
  if (type == DType::float32) return std::forward<Body>(body)(float{});
  if (type == DType::float64) return std::forward<Body>(body)(double{});
  require(is_floating(type), op, ": needs a floating tensor, got ", type);
  fail(op, ": the CPU computes in float32 and float64, not in ", type, "; use --device cuda");
}

}  // namespace masktwins

// The 16-bit floating types, stored by tensors and computed with in float: bfloat16 (8 bits of exponent, 7 of
// mantissa) and float16 (IEEE 754 binary16). Conversions from float round to nearest, ties to even.
#pragma once

#include <bit>
#include <cstdint>
#include <type_traits>

#include "kernels/common/host_device.h"

#ifdef __CUDACC__
#include <cuda_fp16.h>
#endif

namespace masktwins::kernels {

HOST_DEVICE uint16_t bfloat16_bits(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  if (x != x) return static_cast<uint16_t>(bits >> 16 | 0x40);  // stays NaN when the payload is cut off
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}
HOST_DEVICE float bfloat16_value(uint16_t bits) { return std::bit_cast<float>(uint32_t{bits} << 16); }

#ifdef __CUDACC__
HOST_DEVICE uint16_t float16_bits(float x) { return __half_as_ushort(__float2half_rn(x)); }
HOST_DEVICE float float16_value(uint16_t bits) { return __half2float(__ushort_as_half(bits)); }
#else
inline uint16_t float16_bits(float x) { return std::bit_cast<uint16_t>(static_cast<_Float16>(x)); }
inline float float16_value(uint16_t bits) { return static_cast<float>(std::bit_cast<_Float16>(bits)); }
#endif

struct bfloat16 {
  uint16_t bits;
  bfloat16() = default;
  HOST_DEVICE explicit bfloat16(float x) : bits(bfloat16_bits(x)) {}
  HOST_DEVICE explicit operator float() const { return bfloat16_value(bits); }
};

struct float16 {
  uint16_t bits;
  float16() = default;
  HOST_DEVICE explicit float16(float x) : bits(float16_bits(x)) {}
  HOST_DEVICE explicit operator float() const { return float16_value(bits); }
};

template <class T>
constexpr bool is_16bit_float = std::is_same_v<T, bfloat16> || std::is_same_v<T, float16>;

// What elements of type T are computed and summed in, and the type of statistics and affine parameters
// beside them.
template <class T>
using Wide = std::conditional_t<is_16bit_float<T>, float, T>;

// An element in another type, as a number.
template <class To, class From>
HOST_DEVICE To convert_element(From x) {
  return static_cast<To>(static_cast<Wide<To>>(static_cast<Wide<From>>(x)));
}

}  // namespace masktwins::kernels

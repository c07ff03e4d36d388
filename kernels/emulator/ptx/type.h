// The scalar types of PTX (ISA, "Fundamental Types" and "Packed Data Types").
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace masktwins::emulator {

enum class Type : uint8_t {
  predicate,
  b8,
  b16,
  b32,
  b64,
  b128,
  u8,
  u16,
  u32,
  u64,
  s8,
  s16,
  s32,
  s64,
  f16,
  bf16,
  f16x2,
  bf16x2,
  tf32,
  f32,
  f64,
};

// The type a modifier such as "f32" names; nothing if it names none.
std::optional<Type> type_named(std::string_view name);

// Bytes in memory. A predicate has none of its own; registers keep it as one 32-bit word per lane.
int size_of(Type type);

}  // namespace masktwins::emulator

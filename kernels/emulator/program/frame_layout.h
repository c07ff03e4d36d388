// Lays out a function's frame: registers by name, constants and special registers.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "kernels/emulator/program/function.h"

namespace masktwins::emulator {

class FrameLayout {
 public:
  static constexpr const char* carry = "%carry";  // a register every function has: the condition code
  FrameLayout() { declare({Type::b32, carry, 0}); }

  // Braces open and close scopes; an inner name hides an outer one.
  void open_scope() { scopes_.emplace_back(); }
  void close_scope() { scopes_.pop_back(); }
  void declare(const ptx::Registers& registers);

  struct Slot {
    Type type = Type::b32;
    Register location;
  };
  // Nothing if no such register is declared. Space is given to a register when it is first used.
  std::optional<Slot> find(const std::string& name);

  uint32_t constant(uint64_t bits, int width);
  uint32_t value(FrameValue::Kind kind, int64_t addend, int width);
  // The special register of this name ("%tid.x"); nothing if there is none.
  std::optional<uint32_t> special(const std::string& name, int width);

  std::vector<std::byte> take_frame() { return std::move(frame_); }
  std::vector<FrameValue> take_values() { return std::move(values_); }

 private:
  struct Scope {
    std::unordered_map<std::string, Slot> used;
    std::unordered_map<std::string, ptx::Registers> declared;
  };
  uint32_t allocate(int width);

  std::vector<Scope> scopes_{1};
  std::vector<std::byte> frame_;
  std::vector<FrameValue> values_;
  std::map<std::pair<uint64_t, int>, uint32_t> constants_;
};

}  // namespace masktwins::emulator

// What an instruction's rule sees while it turns syntax into something executable: modifiers and operands.
// Every modifier must be asked for; one that is left over is an error, so nothing is silently ignored.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "kernels/emulator/error.h"
#include "kernels/emulator/machine/warp.h"
#include "kernels/emulator/program/frame_layout.h"
#include "kernels/emulator/program/module.h"

namespace masktwins::emulator {

using Form = decltype(Instruction::form);

// A variable's name, as an address.
struct Symbol {
  Space space = Space::global;
  std::optional<FrameValue::Kind> base;  // what the address is relative to when it is known only at run time
  int64_t offset = 0;
};

class Decoder {
 public:
  Decoder(FrameLayout& frame, const std::unordered_map<std::string, Symbol>& symbols)
      : frame_(frame), symbols_(symbols) {}

  void begin(const ptx::Instruction& instruction);
  void check_all_understood() const;

  // Modifiers.
  bool has(std::string_view modifier) const;  // without asking for it
  bool flag(std::string_view modifier);
  void ignore(std::initializer_list<std::string_view> modifiers);  // hints that change no result
  Type type();                                                     // the next type modifier
  Type optional_type(Type otherwise);
  Space space();  // generic if none is named
  // The value that belongs to the modifier that is present; an error if none is.
  template <class Value>
  Value choose(std::initializer_list<std::pair<std::string_view, Value>> choices);

  // Operands, by position.
  std::size_t operands() const { return instruction_->operands.size(); }
  const ptx::Operand& operand(std::size_t index) const;
  std::vector<ptx::Operand> list(std::size_t index) const;  // "{a, b}", or the one operand
  int64_t integer(std::size_t index) const;                 // a literal
  const std::string& name(std::size_t index) const;
  bool is_sink(const ptx::Operand& operand) const { return operand.name == "_"; }

  template <class T>
  Source<T> source(const ptx::Operand& operand) {
    return {source_offset(operand, sizeof(T), std::is_floating_point_v<T>)};
  }
  template <class T>
  Source<T> source(std::size_t index) {
    return source<T>(operand(index));
  }
  template <class T>
  Destination<T> destination(const ptx::Operand& operand) {
    return {destination_offset(operand.name, sizeof(T))};
  }
  template <class T>
  Destination<T> destination(std::size_t index) {
    return destination<T>(operand(index));
  }
  Destination<uint32_t> carry() { return {destination_offset(FrameLayout::carry, 4)}; }
  PredicateSource predicate(const ptx::Operand& operand);
  PredicateSource predicate(std::size_t index) { return predicate(operand(index)); }
  PredicateSource predicate(const std::string& name, bool negated);
  PredicateDestination predicate_destination(const std::string& name);
  // For ld, st and cvt: the register may be wider than `type`; a literal takes the type's width.
  Register wide_source(const ptx::Operand& operand, Type type);
  Register wide_destination(const ptx::Operand& operand);
  Address address(std::size_t index, Space& space);
  const Symbol* symbol(const std::string& name) const;

  template <class... Parts>
  [[noreturn]] void unsupported(const Parts&... parts) const {
    fail("PTX line ", instruction_->ptx_line, ": ", instruction_->text(), ": ", parts...);
  }

 private:
  uint32_t source_offset(const ptx::Operand& operand, int width, bool real);
  uint32_t destination_offset(const std::string& name, int width);

  FrameLayout& frame_;
  const std::unordered_map<std::string, Symbol>& symbols_;
  const ptx::Instruction* instruction_ = nullptr;
  std::vector<bool> understood_;
};

template <class Value>
Value Decoder::choose(std::initializer_list<std::pair<std::string_view, Value>> choices) {
  for (const auto& [modifier, value] : choices)
    if (flag(modifier)) return value;
  unsupported("none of its possible modifiers is known");
}

}  // namespace masktwins::emulator

#include "kernels/emulator/program/decoder.h"

#include <bit>

namespace masktwins::emulator {

void Decoder::begin(const ptx::Instruction& instruction) {
  instruction_ = &instruction;
  understood_.assign(instruction.modifiers.size(), false);
}

void Decoder::check_all_understood() const {
  for (std::size_t i = 0; i < understood_.size(); ++i)
    if (!understood_[i]) unsupported("modifier .", instruction_->modifiers[i], " is not known here");
}

bool Decoder::has(std::string_view modifier) const {
  for (const std::string& each : instruction_->modifiers)
    if (each == modifier) return true;
  return false;
}

bool Decoder::flag(std::string_view modifier) {
  bool found = false;
  for (std::size_t i = 0; i < understood_.size(); ++i)
    if (instruction_->modifiers[i] == modifier) understood_[i] = found = true;
  return found;
}

void Decoder::ignore(std::initializer_list<std::string_view> modifiers) {
  for (const std::string_view modifier : modifiers) flag(modifier);
}

Type Decoder::type() {
  for (std::size_t i = 0; i < understood_.size(); ++i) {
    if (understood_[i]) continue;
    if (const std::optional<Type> found = type_named(instruction_->modifiers[i])) {
      understood_[i] = true;
      return *found;
    }
  }
  unsupported("a type is missing");
}

Type Decoder::optional_type(Type otherwise) {
  for (std::size_t i = 0; i < understood_.size(); ++i)
    if (!understood_[i] && type_named(instruction_->modifiers[i])) return type();
  return otherwise;
}

Space Decoder::space() {
  if (flag("global")) return Space::global;
  if (flag("shared") || flag("shared::cta")) return Space::shared;
  if (flag("local")) return Space::local;
  if (flag("param") || flag("param::entry") || flag("param::func")) return Space::parameter;
  if (flag("const")) return Space::constant;
  return Space::generic;
}

const ptx::Operand& Decoder::operand(std::size_t index) const {
  if (index >= operands()) unsupported("operand ", index + 1, " is missing");
  return instruction_->operands[index];
}

std::vector<ptx::Operand> Decoder::list(std::size_t index) const {
  const ptx::Operand& found = operand(index);
  if (found.kind == ptx::Operand::Kind::list) return found.list;
  return {found};
}

int64_t Decoder::integer(std::size_t index) const {
  if (operand(index).kind != ptx::Operand::Kind::integer)
    unsupported("operand ", index + 1, " must be a number");
  return operand(index).integer;
}

const std::string& Decoder::name(std::size_t index) const {
  if (operand(index).kind != ptx::Operand::Kind::name) unsupported("operand ", index + 1, " must be a name");
  return operand(index).name;
}

uint32_t Decoder::source_offset(const ptx::Operand& operand, int width, bool real) {
  using Kind = ptx::Operand::Kind;
  const auto real_bits = [&](double value) {
    return width == 8 ? std::bit_cast<uint64_t>(value) : std::bit_cast<uint32_t>(static_cast<float>(value));
  };
  switch (operand.kind) {
    case Kind::integer:
      return frame_.constant(
          real ? real_bits(static_cast<double>(operand.integer)) : static_cast<uint64_t>(operand.integer),
          width);
    case Kind::real: return frame_.constant(real_bits(operand.real), width);
    case Kind::name: break;
    default: unsupported("an operand cannot be a list or an address");
  }
  if (const auto slot = frame_.find(operand.name)) {
    if (slot->location.width != width)
      unsupported(operand.name, " has ", slot->location.width, " bytes, but ", width, " are needed");
    return slot->location.offset;
  }
  if (const auto special = frame_.special(operand.name, width)) return *special;
  if (operand.name == "WARP_SZ") return frame_.constant(warp_size, width);
  if (const Symbol* found = symbol(operand.name))
    return found->base ? frame_.value(*found->base, found->offset, width)
                       : frame_.constant(static_cast<uint64_t>(found->offset), width);
  unsupported("'", operand.name, "' is not known");
}

uint32_t Decoder::destination_offset(const std::string& name, int width) {
  const auto slot = frame_.find(name);
  if (!slot) unsupported("'", name, "' is not a register");
  if (slot->location.width != width)
    unsupported(name, " has ", slot->location.width, " bytes, but ", width, " are written");
  return slot->location.offset;
}

PredicateSource Decoder::predicate(const ptx::Operand& operand) {
  if (operand.kind == ptx::Operand::Kind::integer)
    return {frame_.constant(operand.integer != 0 ? ~uint64_t{0} : 0, 4), false};
  return predicate(operand.name, operand.negated);
}

PredicateSource Decoder::predicate(const std::string& name, bool negated) {
  const auto slot = frame_.find(name);
  if (!slot || slot->type != Type::predicate) unsupported("'", name, "' is not a predicate");
  return {slot->location.offset, negated};
}

PredicateDestination Decoder::predicate_destination(const std::string& name) {
  return {predicate(name, false).offset};
}

Register Decoder::wide_source(const ptx::Operand& operand, Type type) {
  const auto slot = operand.kind == ptx::Operand::Kind::name ? frame_.find(operand.name) : std::nullopt;
  if (!slot) {
    const int width = std::max(size_of(type), 2);
    return {source_offset(operand, width, type == Type::f32 || type == Type::f64), width};
  }
  if (slot->location.width < size_of(type)) unsupported(operand.name, " is too narrow");
  return slot->location;
}

Register Decoder::wide_destination(const ptx::Operand& operand) {
  const auto slot = frame_.find(operand.name);
  if (!slot) unsupported("'", operand.name, "' is not a register");
  return slot->location;
}

// [register + n], [variable + n] or [n]
Address Decoder::address(std::size_t index, Space& space) {
  const ptx::Operand& found = operand(index);
  if (found.kind != ptx::Operand::Kind::address) unsupported("operand ", index + 1, " must be an address");
  if (found.name.empty()) return {{frame_.constant(0, 8), 8}, found.integer};
  if (const auto slot = frame_.find(found.name)) return {slot->location, found.integer};
  const Symbol* variable = symbol(found.name);
  if (variable == nullptr) unsupported("'", found.name, "' is not known");
  if (space == Space::generic || space == Space::parameter) space = variable->space;
  const uint32_t base = variable->base ? frame_.value(*variable->base, variable->offset, 8)
                                       : frame_.constant(static_cast<uint64_t>(variable->offset), 8);
  return {{base, 8}, found.integer};
}

const Symbol* Decoder::symbol(const std::string& name) const {
  const auto found = symbols_.find(name);
  return found == symbols_.end() ? nullptr : &found->second;
}

}  // namespace masktwins::emulator

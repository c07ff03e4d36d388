#include "kernels/emulator/instructions/rules.h"

namespace masktwins::emulator {
namespace {

Family family_of(Type type) {
  switch (type) {
    case Type::f32:
    case Type::f64: return Family::real;
    case Type::f16:
    case Type::bf16:
    case Type::f16x2:
    case Type::bf16x2: return Family::half;
    default: return Family::integer;
  }
}

// By the first type among the modifiers.
Family family_of(const ptx::Instruction& instruction) {
  for (const std::string& modifier : instruction.modifiers)
    if (const std::optional<Type> type = type_named(modifier)) return family_of(*type);
  return Family::any;
}

const Rules& all_rules() {
  static const Rules rules = [] {
    Rules all;
    add_move_rules(all);
    add_integer_rules(all);
    add_bit_rules(all);
    add_real_rules(all);
    add_half_rules(all);
    add_compare_rules(all);
    add_convert_rules(all);
    add_memory_rules(all);
    add_atomic_rules(all);
    add_warp_rules(all);
    add_matrix_rules(all);
    add_wmma_rules(all);
    add_async_copy_rules(all);
    add_memory_barrier_rules(all);
    add_video_rules(all);
    add_control_rules(all);
    return all;
  }();
  return rules;
}

}  // namespace

void Rules::add(const char* opcode, Rule rule, Family family) {
  rules_[static_cast<int>(family)][opcode] = rule;
}

Rule Rules::find(const std::string& opcode, Family family) const {
  for (const Family each : {family, Family::any}) {
    const auto& rules = rules_[static_cast<int>(each)];
    if (const auto found = rules.find(opcode); found != rules.end()) return found->second;
  }
  return nullptr;
}

Form decode_by_rule(const ptx::Instruction& instruction, Decoder& decoder) {
  const Rule rule = all_rules().find(instruction.opcode, family_of(instruction));
  if (rule == nullptr) decoder.unsupported("the emulator does not know this instruction");
  return rule(decoder);
}

}  // namespace masktwins::emulator

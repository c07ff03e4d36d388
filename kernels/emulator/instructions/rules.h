// Every instruction the emulator knows. A rule turns the syntax of one opcode into something executable; the
// files of this folder each hold the rules of one kind of instruction.
#pragma once

#include <string>
#include <unordered_map>

#include "kernels/emulator/program/decoder.h"

namespace masktwins::emulator {

using Rule = Form (*)(Decoder&);

// Some opcodes (add, min, neg...) mean different things for different types.
enum class Family { any, integer, real, half };

class Rules {
 public:
  void add(const char* opcode, Rule rule, Family family = Family::any);
  Rule find(const std::string& opcode, Family family) const;  // null if unknown

 private:
  std::unordered_map<std::string, Rule> rules_[4];
};

void add_move_rules(Rules& rules);
void add_integer_rules(Rules& rules);
void add_bit_rules(Rules& rules);
void add_real_rules(Rules& rules);
void add_half_rules(Rules& rules);
void add_compare_rules(Rules& rules);
void add_convert_rules(Rules& rules);
void add_memory_rules(Rules& rules);
void add_atomic_rules(Rules& rules);
void add_warp_rules(Rules& rules);
void add_matrix_rules(Rules& rules);
void add_wmma_rules(Rules& rules);
void add_async_copy_rules(Rules& rules);
void add_memory_barrier_rules(Rules& rules);
void add_video_rules(Rules& rules);
void add_control_rules(Rules& rules);

Form decode_by_rule(const ptx::Instruction& instruction, Decoder& decoder);

}  // namespace masktwins::emulator

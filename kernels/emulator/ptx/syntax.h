// PTX as written: what the parser hands to the decoder. Nothing here knows what an instruction means.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "kernels/emulator/ptx/type.h"

namespace masktwins::emulator::ptx {

// Where in the user's source an instruction comes from (.loc). For code inlined from a function, `line` lies
// in that function and `inlined_line` in the outermost caller; file 0 means unknown.
struct Location {
  int file = 0, line = 0;
  int inlined_file = 0, inlined_line = 0;
};

struct Operand {
  enum class Kind { name, integer, real, address, list };
  Kind kind = Kind::name;
  std::string name;           // name; address: its base, empty for an absolute address
  std::string second_name;    // "%p1|%p2": the second destination
  bool negated = false;       // "!%p1"
  int64_t integer = 0;        // integer; address: offset in bytes
  double real = 0;            // real
  std::vector<Operand> list;  // "{a, b}" or "(a, b)"
};

struct Instruction {
  std::string opcode;                  // "ld"
  std::vector<std::string> modifiers;  // "global", "v4", "f32"
  std::string guard;                   // predicate of "@%p1"; empty if there is none
  bool guard_negated = false;
  std::vector<Operand> operands;
  int ptx_line = 0;
  Location location;

  std::string text() const {
    std::string text = opcode;
    for (const std::string& modifier : modifiers) text += "." + modifier;
    return text;
  }
};

enum class Space : uint8_t { global, shared, local, parameter, constant, generic };

// One value of an initialiser: a number, or the address of another variable plus an offset.
struct Initial {
  uint64_t bits = 0;
  std::string symbol;
};

struct Variable {
  Space space = Space::global;
  Type type = Type::b8;
  std::string name;
  int64_t alignment = 1;
  int64_t count = 1;      // elements; 0 for the array of unknown length that dynamic shared memory is
  bool external = false;  // declared, not defined
  bool managed = false;   // host code may use it as well
  std::vector<Initial> initial;

  int64_t bytes() const { return count * size_of(type); }
};

struct Registers {  // ".reg .b32 %r<10>" declares %r0 to %r9; count 0 declares the one register `name`
  Type type = Type::b32;
  std::string name;
  int count = 0;
};

struct Label {
  std::string name;
};

struct BranchTargets {  // "table: .branchtargets a, b;"
  std::string name;
  std::vector<std::string> labels;
};

enum class Scope { open, close };

using Statement = std::variant<Instruction, Label, Registers, Variable, BranchTargets, Scope>;

struct Function {
  std::string name;
  bool kernel = false;
  bool defined = false;
  std::vector<Variable> results, parameters;
  std::vector<Statement> body;
};

struct Module {
  std::vector<Variable> variables;
  std::vector<Function> functions;
  std::map<int, std::string> files;  // number in .loc -> path
};

}  // namespace masktwins::emulator::ptx

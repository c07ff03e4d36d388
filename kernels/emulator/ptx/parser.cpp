#include "kernels/emulator/ptx/parser.h"

#include <array>
#include <bit>
#include <cstdlib>

#include "kernels/emulator/ptx/lexer.h"

namespace masktwins::emulator::ptx {
namespace {

constexpr int64_t largest_array = int64_t{1} << 33;  // elements

class Parser {
 public:
  explicit Parser(std::string_view text) : lexer_(text) {}

  Module module() {
    while (!lexer_.at_end()) top_level();
    return std::move(module_);
  }

 private:
  void top_level();
  void file_name();
  void debug_section();
  void function(bool kernel);
  std::vector<Variable> parameter_list();
  void body(Function& function);
  void location();
  void registers(Function& function);
  void labelled(Function& function, std::string name);
  Instruction instruction();
  std::vector<std::string> split_opcode(const std::string& text) const;
  Operand operand();
  Operand number(bool negative);
  int64_t integer();
  Type type();
  Variable variable(Space space);
  void initialiser(Variable& variable);
  Initial initial_value(Type type);

  Lexer lexer_;
  Module module_;
  Location location_;                                   // of the instructions that follow
  std::map<std::array<int64_t, 3>, Location> inlined_;  // (file, line, column) of every .loc so far
};

void Parser::top_level() {
  if (lexer_.at(".version") || lexer_.at(".target") || lexer_.at(".address_size")) return lexer_.skip_line();
  if (lexer_.accept(".file")) return file_name();
  if (lexer_.accept(".section")) return debug_section();
  bool external = false;
  while (lexer_.at(".visible") || lexer_.at(".extern") || lexer_.at(".weak") || lexer_.at(".common"))
    external |= lexer_.take() == ".extern";
  if (lexer_.accept(".entry")) return function(true);
  if (lexer_.accept(".func")) return function(false);
  std::optional<Space> space;
  if (lexer_.accept(".global")) space = Space::global;
  else if (lexer_.accept(".const")) space = Space::constant;
  else if (lexer_.accept(".shared")) space = Space::shared;
  if (!space) lexer_.fail("unknown directive");
  Variable declared = variable(*space);
  lexer_.expect(";");
  declared.external = external;
  module_.variables.push_back(std::move(declared));
}

void Parser::file_name() {  // .file 1 "kernel.cu"
  const int number = static_cast<int>(integer());
  const std::string quoted = lexer_.take();
  if (quoted.size() < 2 || quoted.front() != '"') lexer_.fail("expected a file name");
  module_.files[number] = quoted.substr(1, quoted.size() - 2);
  while (lexer_.accept(",")) integer();  // time stamp and size
}

void Parser::debug_section() {
  while (!lexer_.at_end() && !lexer_.at("{")) lexer_.take();
  int depth = 0;
  do {
    depth += lexer_.at("{") ? 1 : lexer_.at("}") ? -1 : 0;
    lexer_.take();
  } while (depth > 0 && !lexer_.at_end());
}

void Parser::function(bool kernel) {
  Function function;
  function.kernel = kernel;
  if (lexer_.at("(")) function.results = parameter_list();
  function.name = lexer_.take();
  if (lexer_.at("(")) function.parameters = parameter_list();
  while (!lexer_.at("{") && !lexer_.at(";")) {  // .maxntid, .minnctapersm, .noreturn and their values
    if (lexer_.at_end()) lexer_.fail("expected the body of '", function.name, "'");
    lexer_.take();
  }
  if (!lexer_.accept(";")) {
    function.defined = true;
    lexer_.expect("{");
    location_ = Location();
    body(function);
  }
  module_.functions.push_back(std::move(function));
}

std::vector<Variable> Parser::parameter_list() {
  std::vector<Variable> parameters;
  lexer_.expect("(");
  while (!lexer_.accept(")")) {
    lexer_.expect(".param");
    parameters.push_back(variable(Space::parameter));
    if (!lexer_.at(")")) lexer_.expect(",");
  }
  return parameters;
}

void Parser::body(Function& function) {
  int depth = 1;
  while (depth > 0) {
    if (lexer_.at_end()) lexer_.fail("the body of '", function.name, "' does not end");
    if (lexer_.accept("{")) {
      ++depth;
      function.body.emplace_back(Scope::open);
    } else if (lexer_.accept("}")) {
      if (--depth > 0) function.body.emplace_back(Scope::close);
    } else if (lexer_.accept(".reg")) {
      registers(function);
    } else if (lexer_.accept(".loc")) {
      location();
    } else if (lexer_.accept(".pragma")) {
      lexer_.skip_past(";");
    } else if (lexer_.at(".shared") || lexer_.at(".local") || lexer_.at(".param")) {
      const std::string space = lexer_.take();
      Variable declared = variable(space == ".shared"  ? Space::shared
                                   : space == ".local" ? Space::local
                                                       : Space::parameter);
      lexer_.expect(";");
      function.body.emplace_back(std::move(declared));
    } else if (lexer_.at("@")) {
      function.body.emplace_back(instruction());
    } else if (lexer_.token().text.front() == '.') {
      lexer_.fail("unknown directive");
    } else {
      Lexer ahead = lexer_;
      std::string name = ahead.take();
      if (ahead.accept(":")) {
        lexer_ = ahead;
        labelled(function, std::move(name));
      } else {
        function.body.emplace_back(instruction());
      }
    }
  }
}

// .loc 1 25 3   or   .loc 2 118 5, function_name $L__info_string0, inlined_at 1 30 7
void Parser::location() {
  const int ptx_line = lexer_.token().line;
  const auto position = [&] {
    const auto file = integer(), line = integer(), column = integer();
    return std::array<int64_t, 3>{file, line, column};
  };
  const std::array<int64_t, 3> place = position();
  Location location{static_cast<int>(place[0]), static_cast<int>(place[1]), 0, 0};
  while (!lexer_.at_end() && lexer_.token().line == ptx_line) {
    if (!lexer_.accept("inlined_at")) {
      lexer_.take();
      continue;
    }
    const std::array<int64_t, 3> caller = position();
    location.inlined_file = static_cast<int>(caller[0]);
    location.inlined_line = static_cast<int>(caller[1]);
    // Inlining nests: the caller may itself have been inlined, as an earlier .loc said.
    const auto outer = inlined_.find(caller);
    if (outer != inlined_.end() && outer->second.inlined_file != 0) {
      location.inlined_file = outer->second.inlined_file;
      location.inlined_line = outer->second.inlined_line;
    }
  }
  inlined_[place] = location;
  location_ = location;
}

void Parser::registers(Function& function) {
  Registers declared;
  declared.type = type();
  do {
    declared.name = lexer_.take();
    declared.count = 0;
    if (lexer_.accept("<")) {
      declared.count = static_cast<int>(integer());
      lexer_.expect(">");
    }
    function.body.emplace_back(declared);
  } while (lexer_.accept(","));
  lexer_.expect(";");
}

void Parser::labelled(Function& function, std::string name) {
  if (lexer_.accept(".callprototype"))
    return lexer_.skip_past(";");  // the callee's declaration says the same
  if (!lexer_.accept(".branchtargets")) {
    function.body.emplace_back(Label{std::move(name)});
    return;
  }
  BranchTargets targets{std::move(name), {}};
  do targets.labels.push_back(lexer_.take());
  while (lexer_.accept(","));
  lexer_.expect(";");
  function.body.emplace_back(std::move(targets));
}

Instruction Parser::instruction() {
  Instruction parsed;
  parsed.location = location_;
  if (lexer_.accept("@")) {
    parsed.guard_negated = lexer_.accept("!");
    parsed.guard = lexer_.take();
  }
  parsed.ptx_line = lexer_.token().line;
  std::vector<std::string> parts = split_opcode(lexer_.take());
  parsed.opcode = parts.front();
  parsed.modifiers.assign(parts.begin() + 1, parts.end());
  while (!lexer_.accept(";")) {
    if (lexer_.at_end()) lexer_.fail("expected ';'");
    parsed.operands.push_back(operand());
    if (!lexer_.at(";")) lexer_.expect(",");
  }
  return parsed;
}

std::vector<std::string> Parser::split_opcode(const std::string& text) const {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (std::size_t dot; (dot = text.find('.', begin)) != std::string::npos; begin = dot + 1)
    parts.push_back(text.substr(begin, dot - begin));
  parts.push_back(text.substr(begin));
  return parts;
}

Operand Parser::operand() {
  Operand parsed;
  if (lexer_.at("{") || lexer_.at("(")) {
    const char* end = lexer_.take() == "{" ? "}" : ")";
    parsed.kind = Operand::Kind::list;
    while (!lexer_.accept(end)) {
      parsed.list.push_back(operand());
      if (!lexer_.at(end)) lexer_.expect(",");
    }
    return parsed;
  }
  if (lexer_.accept("[")) {
    parsed.kind = Operand::Kind::address;
    if (lexer_.at_number()) {
      parsed.integer = integer();
    } else {
      parsed.name = lexer_.take();
      if (lexer_.accept("+")) parsed.integer = integer();
      else if (lexer_.at("-")) parsed.integer = integer();
    }
    lexer_.expect("]");
    return parsed;
  }
  if (lexer_.accept("-")) return number(true);
  if (lexer_.at_number()) return number(false);
  parsed.negated = lexer_.accept("!");
  parsed.name = lexer_.take();
  if (lexer_.accept("|")) parsed.second_name = lexer_.take();
  return parsed;
}

// 12, 0x1F, 0U, 0f3F800000 (the bits of a float), 0d3FF0000000000000 (of a double), 1.5
Operand Parser::number(bool negative) {
  if (!lexer_.at_number()) lexer_.fail("expected a number");
  const std::string text = lexer_.take();
  Operand parsed;
  const char prefix = text.size() > 2 && text[0] == '0' ? text[1] : ' ';
  const char* digits = text.c_str() + 2;
  char* end = nullptr;
  if (prefix == 'f' || prefix == 'F') {
    parsed.kind = Operand::Kind::real;
    parsed.real = std::bit_cast<float>(static_cast<uint32_t>(std::strtoul(digits, &end, 16)));
  } else if (prefix == 'd' || prefix == 'D') {
    parsed.kind = Operand::Kind::real;
    parsed.real = std::bit_cast<double>(uint64_t{std::strtoull(digits, &end, 16)});
  } else if (text.find('.') != std::string::npos) {
    parsed.kind = Operand::Kind::real;
    parsed.real = std::strtod(text.c_str(), &end);
  } else {
    parsed.kind = Operand::Kind::integer;
    parsed.integer = static_cast<int64_t>(std::strtoull(text.c_str(), &end, 0));
    if (*end == 'U') ++end;
  }
  if (*end != '\0') lexer_.fail("'", text, "' is not a number");
  if (negative) {
    parsed.integer = -parsed.integer;
    parsed.real = -parsed.real;
  }
  return parsed;
}

int64_t Parser::integer() {
  const bool negative = lexer_.accept("-");
  const Operand parsed = number(negative);
  if (parsed.kind != Operand::Kind::integer) lexer_.fail("expected an integer");
  return parsed.integer;
}

Type Parser::type() {
  const std::optional<Type> found =
      lexer_.at_end() ? std::nullopt : type_named(lexer_.token().text.substr(1));
  if (!found) lexer_.fail("expected a type");
  lexer_.take();
  return *found;
}

// .align 4 .b8 name[8] = {1, 2}     The vector prefix ".v4" and ".ptr .global .align 16" of kernel parameters
// are read over: they only promise something to the compiler.
Variable Parser::variable(Space space) {
  Variable declared;
  declared.space = space;
  bool typed = false, aligned = false;
  while (!lexer_.at_end() && lexer_.token().text.front() == '.') {
    if (lexer_.accept(".align")) {
      const int64_t value = integer();
      if (!typed) {
        declared.alignment = value;
        aligned = true;
      }
    } else if (lexer_.accept(".ptr") || lexer_.accept(".global") || lexer_.accept(".shared") ||
               lexer_.accept(".const") || lexer_.accept(".local")) {
      continue;
    } else if (lexer_.accept(".attribute")) {
      lexer_.expect("(");
      declared.managed = lexer_.accept(".managed");
      lexer_.skip_past(")");
    } else {
      declared.type = type();
      typed = true;
    }
  }
  if (!typed) lexer_.fail("expected a type");
  declared.name = lexer_.take();
  while (lexer_.accept("[")) {
    declared.count *= lexer_.at("]") ? 0 : integer();
    lexer_.expect("]");
    if (declared.count < 0 || declared.count > largest_array) lexer_.fail("the array has no sensible length");
  }
  if (!aligned) declared.alignment = size_of(declared.type);
  if (declared.alignment < 1) lexer_.fail("the alignment must be positive");
  if (lexer_.accept("=")) initialiser(declared);
  return declared;
}

void Parser::initialiser(Variable& variable) {
  if (!lexer_.accept("{")) {
    variable.initial.push_back(initial_value(variable.type));
    return;
  }
  while (!lexer_.accept("}")) {
    variable.initial.push_back(initial_value(variable.type));
    if (!lexer_.at("}")) lexer_.expect(",");
  }
}

Initial Parser::initial_value(Type type) {
  Initial value;
  if (lexer_.accept("generic")) {
    lexer_.expect("(");
    value.symbol = lexer_.take();
    lexer_.expect(")");
  } else if (lexer_.at_number() || lexer_.at("-")) {
    const bool negative = lexer_.accept("-");
    const Operand parsed = number(negative);
    value.bits = static_cast<uint64_t>(parsed.integer);
    if (parsed.kind == Operand::Kind::real && type == Type::f32)
      value.bits = std::bit_cast<uint32_t>(static_cast<float>(parsed.real));
    else if (parsed.kind == Operand::Kind::real) value.bits = std::bit_cast<uint64_t>(parsed.real);
    return value;
  } else {
    value.symbol = lexer_.take();
  }
  if (lexer_.accept("+")) value.bits = static_cast<uint64_t>(integer());
  return value;
}

}  // namespace

Module parse(std::string_view text) { return Parser(text).module(); }

}  // namespace masktwins::emulator::ptx

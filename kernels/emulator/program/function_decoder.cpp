#include "kernels/emulator/program/function_decoder.h"

#include <algorithm>

#include "kernels/emulator/instructions/builtins.h"
#include "kernels/emulator/instructions/rules.h"
#include "kernels/emulator/program/control_flow.h"

namespace masktwins::emulator {
namespace {

int64_t align(int64_t offset, int64_t alignment) { return (offset + alignment - 1) / alignment * alignment; }

class FunctionDecoder {
 public:
  FunctionDecoder(const ptx::Function& parsed, ModuleScope& scope, Function& function)
      : parsed_(parsed),
        scope_(scope),
        function_(function),
        symbols_(scope.symbols),
        decoder_(frame_, symbols_) {}

  void decode();

 private:
  void declare_parameters();
  void statement(const ptx::Statement& statement);
  void variable(const ptx::Variable& variable);
  void instruction(const ptx::Instruction& instruction);
  Form form(const ptx::Instruction& instruction);
  Form branch(const ptx::Instruction& instruction);
  Form call();
  std::vector<int64_t> local_offsets(const ptx::Operand& list) const;
  void add(Form form, const ptx::Instruction& instruction);
  void resolve_branches();

  const ptx::Function& parsed_;
  ModuleScope& scope_;
  Function& function_;
  FrameLayout frame_;
  std::unordered_map<std::string, Symbol> symbols_;
  Decoder decoder_;
  int64_t local_top_ = 0;
  std::vector<int64_t> scope_tops_;  // local_top_ where each open brace began
  std::unordered_map<std::string, int> labels_;
  std::unordered_map<std::string, std::vector<std::string>> target_tables_;
  struct PendingBranch {
    std::size_t instruction;
    std::vector<std::string> labels;  // or the name of one table
  };
  std::vector<PendingBranch> pending_;
};

void FunctionDecoder::decode() {
  declare_parameters();
  function_.shared_bytes = scope_.shared_bytes;
  for (const ptx::Statement& each : parsed_.body) statement(each);
  ptx::Instruction end;
  end.opcode = "ret";
  add(Return{}, end);
  resolve_branches();
  find_reconvergence_points(function_.code);
  function_.frame = frame_.take_frame();
  function_.frame_values = frame_.take_values();
}

void FunctionDecoder::declare_parameters() {
  const auto declare = [&](const std::vector<ptx::Variable>& variables,
                           const std::vector<Parameter>& places) {
    for (std::size_t i = 0; i < variables.size(); ++i) {
      Symbol symbol{Space::parameter, std::nullopt, places[i].offset};
      if (!function_.kernel) symbol = {Space::local, FrameValue::Kind::local, places[i].offset};
      symbols_[variables[i].name] = symbol;
    }
  };
  declare(parsed_.parameters, function_.parameters);
  declare(parsed_.results, function_.results);
  local_top_ = function_.local_bytes;
}

void FunctionDecoder::statement(const ptx::Statement& statement) {
  if (const auto* parsed = std::get_if<ptx::Instruction>(&statement)) {
    instruction(*parsed);
  } else if (const auto* label = std::get_if<ptx::Label>(&statement)) {
    labels_[label->name] = static_cast<int>(function_.code.size());
  } else if (const auto* registers = std::get_if<ptx::Registers>(&statement)) {
    frame_.declare(*registers);
  } else if (const auto* declared = std::get_if<ptx::Variable>(&statement)) {
    variable(*declared);
  } else if (const auto* targets = std::get_if<ptx::BranchTargets>(&statement)) {
    target_tables_[targets->name] = targets->labels;
  } else if (std::get<ptx::Scope>(statement) == ptx::Scope::open) {
    frame_.open_scope();
    scope_tops_.push_back(local_top_);
  } else {
    frame_.close_scope();
    local_top_ = scope_tops_.back();
    scope_tops_.pop_back();
  }
}

// .local variables, and .param variables of a call, which are per-lane memory as well.
void FunctionDecoder::variable(const ptx::Variable& variable) {
  if (variable.space == Space::shared) {
    if (function_.kernel) function_.shared_bytes = place_shared(variable, function_.shared_bytes, symbols_);
    return;
  }
  local_top_ = align(local_top_, variable.alignment);
  symbols_[variable.name] = {Space::local, FrameValue::Kind::local, local_top_};
  local_top_ += variable.bytes();
  function_.local_bytes = std::max(function_.local_bytes, local_top_);
}

void FunctionDecoder::instruction(const ptx::Instruction& parsed) {
  decoder_.begin(parsed);
  Form decoded = form(parsed);
  decoder_.check_all_understood();
  add(std::move(decoded), parsed);
}

void FunctionDecoder::add(Form form, const ptx::Instruction& parsed) {
  Instruction instruction;
  instruction.form = std::move(form);
  if (!parsed.guard.empty()) {
    instruction.guarded = true;
    instruction.guard = decoder_.predicate(parsed.guard, parsed.guard_negated);
  }
  const auto file = [&](int number) {
    const auto found = scope_.files.find(number);
    return found == scope_.files.end() ? std::string() : found->second;
  };
  instruction.site = static_cast<int>(scope_.sites.size());
  const ptx::Location& location = parsed.location;
  scope_.sites.push_back({function_.name, parsed.text(), file(location.file), file(location.inlined_file),
                          location.line, location.inlined_line, parsed.ptx_line});
  function_.code.push_back(std::move(instruction));
}

Form FunctionDecoder::form(const ptx::Instruction& parsed) {
  if (parsed.opcode == "bra" || parsed.opcode == "brx") return branch(parsed);
  if (parsed.opcode == "call") return call();
  if (parsed.opcode == "ret") {
    decoder_.ignore({"uni"});
    return Return{};
  }
  if (parsed.opcode == "exit") return Exit{};
  return decode_by_rule(parsed, decoder_);
}

Form FunctionDecoder::branch(const ptx::Instruction& parsed) {
  Branch branch;
  decoder_.ignore({"uni"});
  if (parsed.opcode == "brx") {
    if (!decoder_.flag("idx")) decoder_.unsupported("only brx.idx is known");
    branch.selector = decoder_.source<uint32_t>(0);
    pending_.push_back({function_.code.size(), {decoder_.name(1)}});
  } else {
    pending_.push_back({function_.code.size(), {decoder_.name(0)}});
  }
  return branch;
}

void FunctionDecoder::resolve_branches() {
  for (const PendingBranch& pending : pending_) {
    Branch& branch = std::get<Branch>(function_.code[pending.instruction].form);
    const auto table = target_tables_.find(pending.labels.front());
    for (const std::string& name : table == target_tables_.end() ? pending.labels : table->second) {
      const auto label = labels_.find(name);
      if (label == labels_.end())
        fail("function ", function_.name, " branches to '", name, "', which is missing");
      branch.targets.push_back(label->second);
    }
  }
}

// call (result), name, (arguments);  every part but the name may be missing. With a register instead of a
// name, the label of a .callprototype follows.
Form FunctionDecoder::call() {
  decoder_.ignore({"uni"});
  std::size_t next = 0;
  const auto is_list = [&] {
    return next < decoder_.operands() && decoder_.operand(next).kind == ptx::Operand::Kind::list;
  };
  std::vector<int64_t> results, arguments;
  if (is_list()) results = local_offsets(decoder_.operand(next++));
  const std::size_t callee_operand = next;
  const std::string name = decoder_.name(next++);
  if (is_list()) arguments = local_offsets(decoder_.operand(next++));
  if (next != decoder_.operands())
    return Call{nullptr, decoder_.source<uint64_t>(callee_operand), std::move(arguments), std::move(results)};
  if (std::optional<Action> action = builtin(name, arguments, results)) return *std::move(action);

  const auto callee = scope_.functions.find(name);
  if (callee == scope_.functions.end()) decoder_.unsupported("function '", name, "' is not defined");
  Call call{callee->second.get(), {}, std::move(arguments), std::move(results)};
  if (!fits(call, *call.callee))
    decoder_.unsupported("the call of '", name, "' does not fit its declaration");
  return call;
}

std::vector<int64_t> FunctionDecoder::local_offsets(const ptx::Operand& list) const {
  std::vector<int64_t> offsets;
  for (const ptx::Operand& operand : list.list) {
    const Symbol* symbol = decoder_.symbol(operand.name);
    if (symbol == nullptr || symbol->space != Space::local)
      decoder_.unsupported("argument '", operand.name, "' is not a .param variable");
    offsets.push_back(symbol->offset);
  }
  return offsets;
}

}  // namespace

void lay_out_parameters(const ptx::Function& parsed, Function& function) {
  function.name = parsed.name;
  function.kernel = parsed.kernel;
  int64_t top = 0;
  const auto place = [&](const std::vector<ptx::Variable>& variables, std::vector<Parameter>& places) {
    for (const ptx::Variable& variable : variables) {
      top = align(top, variable.alignment);
      places.push_back({top, variable.bytes()});
      top += variable.bytes();
    }
  };
  place(parsed.parameters, function.parameters);
  place(parsed.results, function.results);
  (function.kernel ? function.parameter_bytes : function.local_bytes) = top;
}

int64_t place_shared(const ptx::Variable& variable, int64_t top,
                     std::unordered_map<std::string, Symbol>& symbols) {
  if (variable.count == 0) {
    symbols[variable.name] = {Space::shared, FrameValue::Kind::dynamic_shared, 0};
    return top;
  }
  top = align(top, variable.alignment);
  symbols[variable.name] = {Space::shared, std::nullopt, top};
  return top + variable.bytes();
}

void decode_function(const ptx::Function& parsed, ModuleScope& scope, Function& function) {
  FunctionDecoder(parsed, scope, function).decode();
}

}  // namespace masktwins::emulator

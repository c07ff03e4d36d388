#include "kernels/emulator/program/mutation.h"

#include <optional>

namespace masktwins::emulator {
namespace {

bool starts_with_any(const std::string& text, std::initializer_list<const char*> starts) {
  for (const char* start : starts)
    if (text.starts_with(start)) return true;
  return false;
}

// A guard is what `if (i < n)` becomes: a branch or an exit that jumps over the rest, or a predicate in front
// of one access. Branches back belong to loops.
std::optional<Mutation::Kind> kind_of(const Instruction& instruction, int index, const std::string& text) {
  const auto* barrier = std::get_if<Barrier>(&instruction.form);
  if (barrier != nullptr && barrier->kind == Barrier::Kind::wait) return Mutation::Kind::barrier;
  if (text.starts_with("bar.warp.sync")) return Mutation::Kind::barrier;
  if (text.starts_with("cp.async.wait")) return Mutation::Kind::wait;
  if (!instruction.guarded) return {};
  if (const auto* branch = std::get_if<Branch>(&instruction.form); branch != nullptr)
    return branch->targets.size() == 1 && branch->targets[0] > index ? std::optional(Mutation::Kind::guard)
                                                                     : std::nullopt;
  const bool leaves =
      std::holds_alternative<Exit>(instruction.form) || std::holds_alternative<Return>(instruction.form);
  return leaves || starts_with_any(text, {"ld.", "st.", "cp.async", "atom", "red"})
             ? std::optional(Mutation::Kind::guard)
             : std::nullopt;
}

}  // namespace

const char* name_of(Mutation::Kind kind) {
  switch (kind) {
    case Mutation::Kind::barrier: return "barrier";
    case Mutation::Kind::wait: return "wait";
    case Mutation::Kind::guard: return "guard";
  }
  return "?";
}

std::vector<Mutation> mutations_of(const Module& module, const Function& kernel) {
  std::vector<Mutation> mutations;
  for (std::size_t i = 0; i < kernel.code.size(); ++i) {
    const Site& site = module.sites()[static_cast<std::size_t>(kernel.code[i].site)];
    const int index = static_cast<int>(i);
    if (const auto kind = kind_of(kernel.code[i], index, site.text))
      mutations.push_back({*kind, kernel.name, index, site.text, site.place()});
  }
  return mutations;
}

Function mutated(const Function& kernel, const Mutation& mutation) {
  Function copy = kernel;
  Instruction& instruction = copy.code[static_cast<std::size_t>(mutation.instruction)];
  const bool is_access = std::holds_alternative<Action>(instruction.form);
  // Of a guarded access the guard goes, of everything else the whole instruction.
  if (mutation.kind != Mutation::Kind::guard || !is_access) instruction.form = Action([](Warp&) {});
  instruction.guarded = false;
  return copy;
}

}  // namespace masktwins::emulator

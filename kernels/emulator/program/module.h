// A loaded PTX module: its functions, its variables in device memory, and what each instruction is called.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kernels/emulator/program/function.h"

namespace masktwins::emulator {

// What to tell a person about an instruction.
struct Site {
  std::string function;
  std::string text;  // opcode with modifiers
  std::string file, inlined_file;
  int line = 0, inlined_line = 0;  // 0 = the module was compiled without -lineinfo
  int ptx_line = 0;

  // "kernel.cu:12" or "warp.cuh:7 (inlined at kernel.cu:12)"
  std::string place() const;
};

struct GlobalVariable {
  uint64_t address = 0;
  int64_t bytes = 0;
};

class Module {
 public:
  // Reads PTX text and places its variables in device memory; throws Error for anything unknown.
  explicit Module(std::string_view text);
  ~Module();
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  // Null if there is no such kernel.
  const Function* kernel(const std::string& name) const;
  // Null if there is no such variable.
  const GlobalVariable* variable(const std::string& name) const;
  // What a function pointer of a kernel means; null if nothing.
  const Function* function_at(uint64_t address) const;
  const std::vector<Site>& sites() const { return sites_; }

 private:
  void lay_out_functions(const ptx::Module& parsed);
  void place_variables(const ptx::Module& parsed);
  void fill_variable(const ptx::Variable& variable);

  std::unordered_map<std::string, std::unique_ptr<Function>> functions_;
  std::vector<const Function*> functions_by_address_;
  std::map<std::string, GlobalVariable> variables_;
  std::vector<Site> sites_;
};

}  // namespace masktwins::emulator

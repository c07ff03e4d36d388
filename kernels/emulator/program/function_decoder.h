// Turns one parsed function into an executable one.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "kernels/emulator/program/decoder.h"

namespace masktwins::emulator {

// What functions of a module share while they are decoded.
struct ModuleScope {
  std::unordered_map<std::string, Symbol> symbols;                        // variables
  std::unordered_map<std::string, std::unique_ptr<Function>>& functions;  // parameters already laid out
  const std::map<int, std::string>& files;
  std::vector<Site>& sites;
  int64_t shared_bytes = 0;  // taken by variables that belong to no kernel alone
};

// Kernel parameters begin at 0 of the parameter buffer, others at the frame's local base. Results follow.
void lay_out_parameters(const ptx::Function& parsed, Function& function);

// Static shared variables, placed from `top` on; returns the new top.
int64_t place_shared(const ptx::Variable& variable, int64_t top,
                     std::unordered_map<std::string, Symbol>& symbols);

void decode_function(const ptx::Function& parsed, ModuleScope& scope, Function& function);

}  // namespace masktwins::emulator

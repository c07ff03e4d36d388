#include "kernels/emulator/program/module.h"

#include <cstring>
#include <filesystem>

#include "kernels/emulator/error.h"
#include "kernels/emulator/memory/device_memory.h"
#include "kernels/emulator/program/function_decoder.h"
#include "kernels/emulator/ptx/parser.h"

namespace masktwins::emulator {
namespace {

constexpr uint64_t function_bytes = 16;  // between pointers to two functions

}  // namespace

std::string Site::place() const {
  const auto brief = [](const std::string& path, int number) {
    return std::filesystem::path(path).filename().string() + ":" + std::to_string(number);
  };
  if (line == 0) return "PTX line " + std::to_string(ptx_line);
  if (inlined_line == 0) return brief(file, line);
  return brief(file, line) + " (inlined at " + brief(inlined_file, inlined_line) + ")";
}

Module::Module(std::string_view text) {
  const ptx::Module parsed = ptx::parse(text);
  lay_out_functions(parsed);
  place_variables(parsed);
  ModuleScope scope{{}, functions_, parsed.files, sites_, 0};
  for (const ptx::Variable& variable : parsed.variables) {
    if (variable.space == Space::shared)
      scope.shared_bytes = place_shared(variable, scope.shared_bytes, scope.symbols);
    else
      scope.symbols[variable.name] = {variable.space, std::nullopt,
                                      static_cast<int64_t>(variables_.at(variable.name).address)};
  }
  for (const ptx::Function& function : parsed.functions) {
    if (!function.defined) continue;
    scope.symbols[function.name] = {Space::global, std::nullopt,
                                    static_cast<int64_t>(functions_.at(function.name)->address)};
    if (function.kernel) continue;
    for (const ptx::Statement& statement : function.body)
      if (const auto* variable = std::get_if<ptx::Variable>(&statement);
          variable != nullptr && variable->space == Space::shared)
        scope.shared_bytes = place_shared(*variable, scope.shared_bytes, scope.symbols);
  }
  for (const ptx::Function& function : parsed.functions)
    if (function.defined) decode_function(function, scope, *functions_.at(function.name));
}

Module::~Module() {
  DeviceMemory& memory = DeviceMemory::instance();
  for (const auto& [name, variable] : variables_)
    if (!memory.release(variable.address)) memory.release_on_host(reinterpret_cast<void*>(variable.address));
}

void Module::lay_out_functions(const ptx::Module& parsed) {
  for (const ptx::Function& declared : parsed.functions) {
    if (!declared.defined) continue;
    auto& function = functions_[declared.name] = std::make_unique<Function>();
    lay_out_parameters(declared, *function);
    functions_by_address_.push_back(function.get());
    function->address = function_bytes * functions_by_address_.size();
  }
}

const Function* Module::function_at(uint64_t address) const {
  const uint64_t number = address / function_bytes;
  if (address % function_bytes != 0 || number == 0 || number > functions_by_address_.size()) return nullptr;
  return functions_by_address_[number - 1];
}

void Module::place_variables(const ptx::Module& parsed) {
  for (const ptx::Variable& variable : parsed.variables) {
    if (variable.space == Space::shared) continue;
    if (variable.external)
      fail("variable '", variable.name, "' is defined in another module, which is not known");
    DeviceMemory& memory = DeviceMemory::instance();
    const uint64_t address =
        variable.managed
            ? reinterpret_cast<uint64_t>(memory.allocate_on_host(variable.bytes(), variable.name))
            : memory.allocate(variable.bytes(), variable.name);
    if (address == 0) fail("no device memory left for variable '", variable.name, "'");
    variables_[variable.name] = {address, variable.bytes()};
  }
  for (const ptx::Variable& variable : parsed.variables)
    if (variable.space != Space::shared) fill_variable(variable);
}

void Module::fill_variable(const ptx::Variable& variable) {
  const Allocation& allocation = *DeviceMemory::instance().find(variables_.at(variable.name).address);
  std::memset(allocation.host, 0, static_cast<std::size_t>(allocation.bytes));
  const int width = size_of(variable.type);
  std::byte* out = allocation.host;
  for (const ptx::Initial& initial : variable.initial) {
    uint64_t bits = initial.bits;
    if (!initial.symbol.empty()) {
      const auto found = variables_.find(initial.symbol);
      const auto function = functions_.find(initial.symbol);
      if (found == variables_.end() && function == functions_.end())
        fail("variable '", variable.name, "' is initialised with the address of '", initial.symbol,
             "', which is neither a function nor a variable in device memory");
      bits += found != variables_.end() ? found->second.address : function->second->address;
    }
    if (out + width > allocation.host + allocation.bytes)
      fail("variable '", variable.name, "' has more initial values than elements");
    std::memcpy(out, &bits, static_cast<std::size_t>(width));
    out += width;
  }
}

const Function* Module::kernel(const std::string& name) const {
  const auto found = functions_.find(name);
  return found == functions_.end() || !found->second->kernel ? nullptr : found->second.get();
}

const GlobalVariable* Module::variable(const std::string& name) const {
  const auto found = variables_.find(name);
  return found == variables_.end() ? nullptr : &found->second;
}

}  // namespace masktwins::emulator

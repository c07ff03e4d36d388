// What an nvcc-compiled program tells the runtime before main: its kernels and device variables.
#pragma once

#include <string>

#include "kernels/emulator/program/module.h"

namespace masktwins::emulator {

// A device code image; its PTX is read when something in it is first used.
class Image {
 public:
  explicit Image(const void* fat_binary) : fat_binary_(fat_binary) {}
  Module& module();

 private:
  const void* fat_binary_;
  std::unique_ptr<Module> module_;
};

struct RegisteredKernel {
  Image* image = nullptr;
  std::string name;
  int64_t dynamic_shared_limit = 0;  // set by cudaFuncSetAttribute; 0 = the default

  const Function& function() const;
};

// Null if the host function is no kernel of this program.
RegisteredKernel* find_kernel(const void* host_function);
// Null if the host variable stands for no device variable.
const GlobalVariable* find_variable(const void* host_variable);

}  // namespace masktwins::emulator

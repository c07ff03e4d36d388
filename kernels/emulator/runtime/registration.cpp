#include "kernels/emulator/runtime/registration.h"

#include <cuda_runtime_api.h>

#include <cstring>
#include <unordered_map>

#include "kernels/emulator/emulator.h"
#include "kernels/emulator/error.h"
#include "kernels/emulator/program/mutation.h"
#include "kernels/emulator/runtime/device.h"

namespace masktwins::emulator {
namespace {

// The container nvcc puts device code into: a header, then entries, each with a header of its own.
struct Wrapper {
  int magic, version;
  const std::byte* data;
};
struct ContainerHeader {
  uint32_t magic;
  uint16_t version, header_bytes;
  uint64_t bytes;  // of all entries
};
struct EntryHeader {
  uint16_t kind, flags;
  uint32_t header_bytes;
  uint64_t bytes;
  uint32_t compressed_bytes;
};
constexpr uint16_t ptx_kind = 1;

std::string_view find_ptx(const void* fat_binary) {
  const std::byte* data = static_cast<const Wrapper*>(fat_binary)->data;
  ContainerHeader container;
  std::memcpy(&container, data, sizeof container);
  const std::byte* end = data + container.header_bytes + container.bytes;
  for (const std::byte* at = data + container.header_bytes; at < end;) {
    EntryHeader entry;
    std::memcpy(&entry, at, sizeof entry);
    const char* text = reinterpret_cast<const char*>(at + entry.header_bytes);
    if (entry.kind == ptx_kind && entry.compressed_bytes == 0) return {text, strnlen(text, entry.bytes)};
    at += entry.header_bytes + entry.bytes;
  }
  fail(
      "the program holds no readable PTX; compile with -gencode arch=compute_80,code=compute_80 "
      "--no-compress");
}

struct Registry {
  std::unordered_map<const void*, RegisteredKernel> kernels;
  struct Variable {
    Image* image;
    std::string name;
  };
  std::unordered_map<const void*, Variable> variables;
  // __managed__ variables: the program reaches them through a pointer, set when it first uses one.
  std::unordered_map<void**, Variable> managed;
};

Registry& registry() {
  static Registry& registry = *new Registry;  // filled before main, read until the process has ended
  return registry;
}

}  // namespace

Module& Image::module() {
  if (!module_) module_ = std::make_unique<Module>(find_ptx(fat_binary_));
  return *module_;
}

const Function& RegisteredKernel::function() const {
  const Function* found = image->module().kernel(name);
  if (found == nullptr) fail("kernel '", name, "' is not in the program's PTX");
  return *found;
}

RegisteredKernel* find_kernel(const void* host_function) {
  const auto found = registry().kernels.find(host_function);
  return found == registry().kernels.end() ? nullptr : &found->second;
}

std::vector<Mutation> mutations_of(const std::string& kernel) {
  for (const auto& [host_function, registered] : registry().kernels)
    if (registered.name == kernel) return mutations_of(registered.image->module(), registered.function());
  fail("no kernel of this program is called '", kernel, "'");
}

const GlobalVariable* find_variable(const void* host_variable) {
  const auto found = registry().variables.find(host_variable);
  if (found == registry().variables.end()) return nullptr;
  return found->second.image->module().variable(found->second.name);
}

}  // namespace masktwins::emulator

using namespace masktwins::emulator;

// The entry points that compiled programs call on their own; crt/host_runtime.h declares them to nvcc.
extern "C" {

void** __cudaRegisterFatBinary(void* fat_binary) { return reinterpret_cast<void**>(new Image(fat_binary)); }
void __cudaRegisterFatBinaryEnd(void**) {}
void __cudaUnregisterFatBinary(void**) {}  // kernels may still be asked for while the program ends
char __cudaInitModule(void** image) {
  try {
    for (const auto& [pointer, variable] : registry().managed)
      if (variable.image == reinterpret_cast<Image*>(image))
        *pointer = reinterpret_cast<void*>(variable.image->module().variable(variable.name)->address);
  } catch (const Error& error) {
    explain("__managed__ variables", error.what());
    return 0;
  }
  return 1;
}

void __cudaRegisterFunction(void** image, const char* host_function, char*, const char* name, int, uint3*,
                            uint3*, dim3*, dim3*, int*) {
  registry().kernels[host_function] = {reinterpret_cast<Image*>(image), name, 0};
}
void __cudaRegisterVar(void** image, char* host_variable, char*, const char* name, int, size_t, int, int) {
  registry().variables[host_variable] = {reinterpret_cast<Image*>(image), name};
}
void __cudaRegisterManagedVar(void** image, void** pointer, char*, const char* name, int, size_t, int, int) {
  registry().managed[pointer] = {reinterpret_cast<Image*>(image), name};
}

}  // extern "C"

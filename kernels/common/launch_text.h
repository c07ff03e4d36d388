// A kernel launch in one line, for the message when it was refused or its kernel failed.
#pragma once

#include <cuda_runtime_api.h>

#include <initializer_list>
#include <string>
#include <type_traits>
#include <typeinfo>

namespace masktwins::kernels::cuda {

// An argument of any type, which becomes text only if somebody asks. Refers to the argument.
struct LaunchArgument {
  template <class T>
  LaunchArgument(const T& argument)
      : type(typeid(T)), value(&argument), bytes(sizeof(T)), pointer(std::is_pointer_v<T>) {}

  const std::type_info& type;
  const void* value;
  std::size_t bytes;
  bool pointer;
};

// "launch of fill with grid (1, 1, 1), block (256, 1, 1), 0 bytes of shared memory, arguments (2.5,
// 0x7f0000001000, 1, 4)". Of a struct: the name of its type and its first words of 8 bytes, in hexadecimal.
std::string launch_text(const char* kernel, dim3 grid, dim3 block, std::size_t shared_bytes,
                        std::initializer_list<LaunchArgument> arguments);

}  // namespace masktwins::kernels::cuda

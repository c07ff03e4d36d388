#include "kernels/common/launch_text.h"

#include <cxxabi.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <regex>
#include <sstream>
#include <utility>

#include "kernels/common/float16.h"

namespace masktwins::kernels::cuda {
namespace {

constexpr std::size_t longest_name = 60, most_words = 12;

template <class T>
T value_of(const LaunchArgument& argument) {
  return *static_cast<const T*>(argument.value);
}

// Writes the argument if it is of one of these types.
template <class... Numbers>
bool write_number(std::ostream& out, const LaunchArgument& argument) {
  const auto write = [&]<class T>(T*) {
    if (argument.type != typeid(T)) return false;
    if constexpr (is_16bit_float<T>) out << static_cast<float>(value_of<T>(argument));
    else out << +value_of<T>(argument);  // the sign makes a number of a character
    return true;
  };
  return (write(static_cast<Numbers*>(nullptr)) || ...);
}

// Without our namespaces, and cut off where it gets long.
std::string readable_name(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> full(
      abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), std::free);
  static const std::regex namespaces(R"(masktwins::|kernels::|cuda::|\(anonymous namespace\)::)");
  std::string name = std::regex_replace(status == 0 ? full.get() : type.name(), namespaces, "");
  if (name.size() > longest_name) name.replace(longest_name - 3, std::string::npos, "...");
  return name;
}

void write_words(std::ostream& out, const LaunchArgument& argument) {
  const auto* bytes = static_cast<const char*>(argument.value);
  out << readable_name(argument.type) << " {" << std::hex;
  for (std::size_t i = 0; i * 8 < argument.bytes; ++i) {
    if (i == most_words) {
      out << " ...";
      break;
    }
    uint64_t word = 0;
    std::memcpy(&word, bytes + 8 * i, std::min<std::size_t>(8, argument.bytes - 8 * i));
    out << (i > 0 ? " " : "") << word;
  }
  out << std::dec << '}';
}

void write(std::ostream& out, const LaunchArgument& argument) {
  if (argument.pointer) out << "0x" << std::hex << value_of<uintptr_t>(argument) << std::dec;
  else if (!write_number<bool, signed char, unsigned char, short, unsigned short, int, unsigned, long,
                         unsigned long, long long, unsigned long long, float, double, bfloat16, float16>(
               out, argument))
    write_words(out, argument);
}

std::ostream& operator<<(std::ostream& out, dim3 size) {
  return out << '(' << size.x << ", " << size.y << ", " << size.z << ')';
}

}  // namespace

std::string launch_text(const char* kernel, dim3 grid, dim3 block, std::size_t shared_bytes,
                        std::initializer_list<LaunchArgument> arguments) {
  std::ostringstream out;
  out << "launch of " << kernel << " with grid " << grid << ", block " << block << ", " << shared_bytes
      << " bytes of shared memory, arguments (";
  const char* separator = "";
  for (const LaunchArgument& argument : arguments) {
    out << std::exchange(separator, ", ");
    write(out, argument);
  }
  out << ')';
  return out.str();
}

}  // namespace masktwins::kernels::cuda

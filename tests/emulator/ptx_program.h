// PTX written in a test and run by the emulator, without the CUDA runtime.
#pragma once

#include <doctest/doctest.h>

#include <cstring>
#include <string>
#include <vector>

#include "kernels/emulator/machine/launch.h"
#include "kernels/emulator/memory/device_memory.h"

namespace masktwins::tests {

// Device memory for a test.
template <class T>
class Buffer {
 public:
  explicit Buffer(const std::vector<T>& values) : Buffer(values.size()) {
    std::memcpy(host(), values.data(), values.size() * sizeof(T));
  }
  explicit Buffer(std::size_t size)
      : size_(size),
        address_(
            emulator::DeviceMemory::instance().allocate(static_cast<int64_t>(size * sizeof(T)), "buffer")) {}
  ~Buffer() { emulator::DeviceMemory::instance().release(address_); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  uint64_t address() const { return address_; }
  std::vector<T> values() const { return {host(), host() + size_}; }

 private:
  T* host() const { return reinterpret_cast<T*>(emulator::DeviceMemory::instance().find(address_)->host); }
  std::size_t size_;
  uint64_t address_;
};

class PtxProgram {
 public:
  explicit PtxProgram(const std::string& text)
      : module_(".version 9.0\n.target sm_80\n.address_size 64\n" + text) {}

  // Parameters are 8-byte values, mostly buffer addresses.
  emulator::Observations run(emulator::Dim grid, emulator::Dim block, const std::vector<uint64_t>& parameters,
                             emulator::Options options = {}) const {
    const emulator::Function* kernel = module_.kernel("test");
    REQUIRE(kernel != nullptr);
    std::vector<std::byte> bytes(static_cast<std::size_t>(kernel->parameter_bytes));
    REQUIRE(bytes.size() == parameters.size() * 8);
    std::memcpy(bytes.data(), parameters.data(), bytes.size());
    return emulator::run({module_, *kernel, grid, block, bytes, 0, options});
  }

 private:
  emulator::Module module_;
};

// A kernel `test` with `parameters` .u64 parameters p0, p1... in %rd0, %rd1..., the thread's number in %r0
// and the registers a body usually needs.
inline std::string kernel(int parameters, const std::string& body) {
  std::string text = ".visible .entry test(";
  for (int i = 0; i < parameters; ++i)
    text += (i > 0 ? ", " : "") + std::string(".param .u64 p") + std::to_string(i);
  text +=
      ")\n{\n.reg .pred %p<16>; .reg .b16 %h<32>; .reg .b32 %r<64>; .reg .b64 %rd<64>; .reg .f32 %f<64>; "
      ".reg .f64 %fd<32>;\nmov.u32 %r0, %tid.x;\n";
  for (int i = 0; i < parameters; ++i)
    text += "ld.param.u64 %rd" + std::to_string(i) + ", [p" + std::to_string(i) + "];\n";
  return text + body + "\nret;\n}\n";
}

// Runs `body` in one warp on one input per lane and returns one output per lane. The body finds its input in
// %r1 or %rd10, by the size of In, and leaves its result in %r2 or %rd11.
template <class Out, class In>
std::vector<Out> per_lane(const std::vector<In>& in, const std::string& body) {
  std::vector<In> padded = in;
  padded.resize(32);
  const Buffer<In> input(padded);
  const Buffer<Out> output(std::size_t{32});
  const auto access = [](const char* what, std::size_t bytes, const std::string& address, int wide,
                         int narrow) {
    const std::string reg = bytes == 8 ? "%rd" + std::to_string(wide) : "%r" + std::to_string(narrow);
    const std::string type = ".global.b" + std::to_string(8 * bytes);
    return std::string(what) == "ld" ? "ld" + type + " " + reg + ", [" + address + "];\n"
                                     : "st" + type + " [" + address + "], " + reg + ";\n";
  };
  const std::string place = "mad.wide.u32 %rd8, %r0, " + std::to_string(sizeof(In)) +
                            ", %rd0;\nmad.wide.u32 %rd9, %r0, " + std::to_string(sizeof(Out)) + ", %rd1;\n";
  const PtxProgram program(kernel(2, place + access("ld", sizeof(In), "%rd8", 10, 1) + body + "\n" +
                                         access("st", sizeof(Out), "%rd9", 11, 2)));
  const emulator::Observations seen = program.run({}, {32, 1, 1}, {input.address(), output.address()});
  CHECK(seen.defects.empty());
  std::vector<Out> result = output.values();
  result.resize(in.size());
  return result;
}

}  // namespace masktwins::tests

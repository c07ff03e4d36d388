// The emulator's own error: PTX it cannot read or run. The runtime stand-in turns it into a message and a
// CUDA error code.
#pragma once

#include <sstream>
#include <stdexcept>

namespace masktwins::emulator {

struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

template <class... Parts>
[[noreturn]] void fail(const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  throw Error(text.str());
}

}  // namespace masktwins::emulator

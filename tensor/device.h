// Where a tensor's memory lies.
#pragma once

#include <ostream>

#include "tensor/check.h"

namespace masktwins {

enum class Device { cpu, cuda };

constexpr const char* name_of(Device device) { return device == Device::cpu ? "cpu" : "cuda"; }

inline std::ostream& operator<<(std::ostream& out, Device device) { return out << name_of(device); }

// The default branch of every op's switch over devices.
[[noreturn]] inline void no_kernel(const char* op, Device device) {
  fail(op, ": no kernel for device ", device, " in this build; use --device cpu");
}

}  // namespace masktwins

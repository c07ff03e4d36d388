// Functions the device library provides: printf, assert, malloc and free.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kernels/emulator/program/function.h"

namespace masktwins::emulator {

// The function of this name; arguments and results are offsets from the frame's local base. Nothing if the
// name is not one of them.
std::optional<Action> builtin(const std::string& name, const std::vector<int64_t>& arguments,
                              const std::vector<int64_t>& results);

}  // namespace masktwins::emulator

// Arrays of device numbers as floats, for the stand-ins of libraries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/emulator/instructions/half_numbers.h"

namespace masktwins::emulator {

enum class NumberType { float32, float16, bfloat16 };

std::vector<float> read_numbers(const std::byte* from, NumberType type, int64_t count);
void write_numbers(std::byte* to, NumberType type, const std::vector<float>& values);  // rounded to nearest

}  // namespace masktwins::emulator

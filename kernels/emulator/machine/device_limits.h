// The device that is emulated: the limits of compute capability 8.0 (CUDA Programming Guide, "Compute
// Capabilities", table of technical specifications).
#pragma once

#include <cstdint>

namespace masktwins::emulator {

constexpr int compute_major = 8, compute_minor = 0;
constexpr int multiprocessors = 16;  // few, so that grids sized by it stay small
constexpr int64_t threads_per_block = 1024;
constexpr int64_t threads_per_multiprocessor = 2048;
constexpr int64_t blocks_per_multiprocessor = 32;
constexpr int64_t registers_per_multiprocessor = 65536;
constexpr int64_t shared_per_block = 48 * 1024;         // without opting in
constexpr int64_t shared_per_block_optin = 163 * 1024;  // with cudaFuncSetAttribute
constexpr int64_t shared_per_multiprocessor = 164 * 1024;
constexpr int64_t shared_reserved_per_block = 1024;
constexpr int64_t constant_memory = 64 * 1024;
constexpr int64_t grid_x = 2147483647, grid_yz = 65535;
constexpr int64_t block_xy = 1024, block_z = 64;
constexpr int64_t parameter_bytes = 4096;

}  // namespace masktwins::emulator

// What the CUDA kernels of every op do, counted by the emulator on fixed inputs: the numbers of
// docs/kernels/, which a test compares exactly.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tensor/op.h"

namespace masktwins::tests {

struct KernelRow {
  std::string kernel;  // without namespaces and arguments
  int64_t launches = 0, instructions = 0;
  // Global memory in sectors of 32 bytes, shared memory in wavefronts; `least` as emulator::Traffic defines
  // it.
  int64_t requests = 0, sectors = 0, least_sectors = 0;
  int64_t wavefronts = 0, least_wavefronts = 0;

  bool operator==(const KernelRow&) const = default;
};

// One op, forward or backward, on its first benchmark's inputs with every size cut to at most 64 (65536 for
// flat tensors), in float32.
struct OpRow {
  std::string op, phase, shapes;
  double needed_bytes = 0;  // what the op's contract calls the least
  int64_t elements = 0;     // of the largest tensor, for instructions per element
  std::vector<KernelRow> kernels;

  double moved_bytes() const;
  // Moves more than 1.15 times what is needed, or has bank conflicts: then kernels/<op>.h must say why in a
  // line
  // "// CUDA: ...".
  bool needs_reason() const;
  std::string reason() const;  // that line; empty if there is none
};

// Of every op that computes on CUDA.
std::vector<OpRow> count_kernels();

// Of the nvcc that made the kernels: the counts follow from its code.
std::string compiler_version();

std::string to_json(const std::vector<OpRow>& rows);
std::string to_markdown(const std::vector<OpRow>& rows);

}  // namespace masktwins::tests

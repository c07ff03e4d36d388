// What the CUDA kernels of every op do, counted by the emulator on fixed inputs: the numbers of
// docs/kernels/counts.md, which a test compares exactly.
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
};

// One op, forward or backward.
struct OpRow {
  std::string op, phase, dtype, shapes;
  double needed_bytes = 0;  // what the op's contract calls the least; 0 where cuDNN or cuBLASLt moves most
  int64_t elements = 0;     // of the largest tensor, for instructions per element
  std::vector<KernelRow> kernels;
  std::string line_counts;  // of every source line, for reading

  double moved_bytes() const;
  double moved_over_needed() const;
  // Moves more than 1.15 times what is needed, or has bank conflicts: then its contract must say why in a
  // paragraph that begins with "// CUDA: ".
  bool needs_reason() const;
};

// That paragraph of the op's contract, kernels/<op>.h, or, where there is none, of the ops on which
// tensor/ops/<op>.cpp and .h build. Empty if nobody gives a reason.
std::string reason_of(const std::string& op);

// Of one op, or of all that compute on CUDA: in float32 and bfloat16, with our own matrix products; once more
// with the libraries' where those differ. Inputs are those of a benchmark, made smaller.
std::vector<OpRow> count_kernels(const OpDef& op);
std::vector<OpRow> count_kernels();

// Of the nvcc that made the kernels: the counts follow from its code.
std::string compiler_version();

std::string to_json(const std::vector<OpRow>& rows);
std::string to_markdown(const std::vector<OpRow>& rows);

}  // namespace masktwins::tests

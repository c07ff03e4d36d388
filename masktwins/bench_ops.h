// How fast every op is, against what the machine can do; and the table docs/ops.md.
#pragma once

#include <string>
#include <vector>

#include "tensor/device.h"

namespace masktwins {

struct OpsBenchOptions {
  std::string only;      // part of a name
  std::string markdown;  // file for the table; empty: none
  std::string json;      // file for the same numbers; empty: none
  Device device = Device::cpu;
};

// Times the benchmark cases of every registered op, forward and backward.
void bench_ops(const OpsBenchOptions& options);

// The first three cells of every row of docs/ops.md: op, formula, case. They follow from the declarations of
// the ops alone, so that a test can tell whether the table is current.
std::vector<std::string> op_table_cases();

}  // namespace masktwins

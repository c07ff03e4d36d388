// --threads and --device, the same for every command that computes.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "tensor/device.h"

namespace masktwins {

struct DeviceOptions {
  int threads = 0;  // 0: one per processor
  std::string device = "cpu";

  void add_to(CLI::App& command);
  // Where to compute. Error if this build or this machine cannot compute there.
  Device apply() const;
};

// Why this build or machine cannot compute on CUDA, in one line; empty if it can.
std::string why_not_cuda();

}  // namespace masktwins

// --threads and --device, the same for every command that computes.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace masktwins {

struct DeviceOptions {
  int threads = 0;  // 0: one per processor
  std::string device = "cpu";

  void add_to(CLI::App& command);
  // Error if this build cannot compute there.
  void apply() const;
};

}  // namespace masktwins

// --run, --checkpoint, --set, --threads and --device: the trained network of a command, and where it
// computes.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "masktwins/device_options.h"
#include "masktwins/network.h"

namespace masktwins {

struct NetworkOptions {
  std::string run, checkpoint = "student";
  std::vector<std::string> overrides;
  DeviceOptions device;

  void add_to(CLI::App& command);
  TrainedNetwork load() const;
};

// prediction_function, with the progress of eval.match_shares on stderr, which looks at the target first.
SegmentationFunction prediction_with_progress(const TrainedNetwork& network);

}  // namespace masktwins

// Options of the commands about files of weights.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "masktwins/weight_names.h"
#include "nn/segmentation_model.h"

namespace masktwins {

// --model or --run, and --set: the network that a file is compared with.
struct ModelChoice {
  std::string model, run;
  std::vector<std::string> overrides;

  void add_to(CLI::App& command);
  bool made() const { return !model.empty() || !run.empty(); }
  // The network of the run's configuration, or the one of this name for 3 channels and 19 classes.
  std::unique_ptr<nn::SegmentationModel> build() const;
  std::string text() const { return run.empty() ? model : "the network of " + run; }
};

// --network: which of a checkpoint's networks is meant.
void add_network_option(CLI::App& command, Network& network);

}  // namespace masktwins

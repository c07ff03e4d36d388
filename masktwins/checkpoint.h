// Checkpoints: safetensors files with PyTorch's key names,
//   model.*      student, parameters and buffers
//   ema_model.*  teacher
//   optimizer.*  moments, flat
//   discriminator.*, discriminator_optimizer.*  with adversarial adaptation
// and in the metadata the step, the number of updates and the configuration.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>

#include "data/safetensors.h"
#include "masktwins/adversary.h"
#include "masktwins/config.h"
#include "masktwins/weight_names.h"
#include "nn/segmentation_model.h"
#include "optim/optimizer.h"

namespace masktwins {

// The live objects that a checkpoint stores and restores.
struct TrainingState {
  nn::SegmentationModel& student;
  nn::SegmentationModel& teacher;
  optim::Optimizer& optimizer;
  Adversary* adversary = nullptr;  // if there is one
};

// How far a run has come.
struct RunPosition {
  int64_t step = 0;  // steps done
  int64_t best_step = 0;
  double best_score = std::numeric_limits<double>::quiet_NaN();  // NaN before the first evaluation
};

// The files in RUN/checkpoints.
struct CheckpointFolder {
  std::filesystem::path folder;

  std::filesystem::path last() const { return folder / "last.safetensors"; }
  std::filesystem::path previous() const { return folder / "previous.safetensors"; }
  std::filesystem::path best() const { return folder / "best.safetensors"; }

  // Is there nothing to resume from?
  bool empty() const;

  // Writes last; what was last becomes previous. At no moment both are missing or incomplete.
  void save_last(const TrainingState& state, const RunPosition& position, const Config& config) const;
  // Student and teacher only.
  void save_best(const TrainingState& state, const RunPosition& position, const Config& config) const;

  // The content of last, or of previous if last is missing or damaged; `notice` then says why. Error if both
  // are.
  data::TensorFile read_latest(std::string& notice) const;
};

// Puts everything back. Error, and nothing changed, if the file belongs to another network, another optimiser
// or, as far as results are concerned, another configuration.
RunPosition restore(const data::TensorFile& file, const TrainingState& state, const Config& config);

// Loads one network from a checkpoint or from any other file of weights (masktwins/weights_file.h). Error
// with a list of missing, unexpected and mis-shaped keys if it does not fit.
void load_network(const std::filesystem::path& file, Network which, nn::SegmentationModel& model);

}  // namespace masktwins

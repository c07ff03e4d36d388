// The training loop: batches, steps, log, pictures, evaluations, checkpoints.
#pragma once

#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>

#include "data/loader.h"
#include "masktwins/checkpoint.h"
#include "masktwins/collapse.h"
#include "masktwins/config.h"
#include "masktwins/evaluate.h"
#include "masktwins/progress.h"
#include "masktwins/run_folder.h"
#include "masktwins/run_log.h"
#include "masktwins/train_step.h"

namespace masktwins {

class Trainer {
 public:
  // Opens the sets and builds the networks before anything is written. With `resume` the run in `out` goes on
  // from its last checkpoint, bit for bit as if it had never stopped; without it `out` must not hold a run
  // yet.
  // Progress and warnings go to `messages`.
  Trainer(const Config& config, const std::filesystem::path& out, bool resume, std::FILE* messages = stderr);

  // Trains until config.train.iterations; false if a signal stopped it earlier. Either way the last step is
  // saved.
  bool run();

  const RunFolder& folder() const { return folder_; }
  const RunPosition& position() const { return position_; }

 private:
  struct LossMeans;

  std::string load_start(bool resume);
  RunFolder open_folder(const std::filesystem::path& out, bool resume) const;
  void resume();
  StepReport step(const data::Batch& batch);
  void report(const StepReport& report, LossMeans& means, Progress& progress);
  void evaluate(Progress& progress);
  void save();

  Config config_;
  std::FILE* messages_;
  std::shared_ptr<const data::Dataset> source_, target_, test_;  // target and test may be null
  std::unique_ptr<nn::SegmentationModel> student_, teacher_;
  std::string start_;  // where their first weights come from, for people
  optim::ParameterArena student_arena_, teacher_arena_;
  std::unique_ptr<optim::Optimizer> optimizer_;
  TrainStep train_step_;
  RunFolder folder_;
  RunLog log_;
  CheckpointFolder checkpoints_;
  RunPosition position_;
  CollapseWatch collapse_;
};

}  // namespace masktwins

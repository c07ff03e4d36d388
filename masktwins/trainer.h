// The training loop: batches, steps, log, pictures, evaluations, checkpoints.
#pragma once

#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "data/class_table.h"
#include "data/loader.h"
#include "masktwins/checkpoint.h"
#include "masktwins/collapse.h"
#include "masktwins/config.h"
#include "masktwins/evaluate.h"
#include "masktwins/progress.h"
#include "masktwins/run_folder.h"
#include "masktwins/run_log.h"
#include "masktwins/share_matching.h"
#include "masktwins/train_step.h"

namespace masktwins {

class BatchFeed;

class Trainer {
 public:
  // Opens the sets and builds the networks before anything is written. With `resume` the run in `out` goes on
  // from its last checkpoint, bit for bit as if it had never stopped; without it `out` must not hold a run
  // yet.
  // Progress and warnings go to `messages`.
  Trainer(const Config& config, const std::filesystem::path& out, bool resume, std::FILE* messages = stderr,
          Device device = Device::cpu);

  // Trains until config.train.iterations; false if a signal stopped it earlier. Either way the last step is
  // saved.
  bool run();

  // See TrainStep.
  void launch_as_graphs() { train_step_.launch_as_graphs(); }

  const RunFolder& folder() const { return folder_; }
  const RunPosition& position() const { return position_; }

 private:
  bool evaluates() const { return test_ && config_.train.evaluate_every > 0; }
  std::optional<ShareMatching> count_shares() const;
  std::string load_start(bool resume);
  TrainingState state() { return {*student_, *teacher_, *optimizer_, adversary_.get()}; }
  RunFolder open_folder(const std::filesystem::path& out, bool resume) const;
  void start();
  void resume();
  bool evaluates_after(int64_t step) const;
  bool evaluation_missing() const;
  void or_save(const data::Loader& loader, const std::function<void()>& action);
  void or_explain(const data::Loader& loader, const std::function<void()>& action);
  void check_losses(const data::Loader& loader);
  void report(const StepReport& report, Progress& progress);
  void evaluate(Progress& progress);
  void save();

  Config config_;
  Device device_;
  std::FILE* messages_;
  data::ClassTable classes_;
  std::shared_ptr<const data::Dataset> source_, target_, test_;  // target and test may be null
  std::shared_ptr<const data::RareClasses> rare_classes_;        // may be null
  std::optional<ShareMatching> share_matching_;                  // of evaluations
  std::unique_ptr<nn::SegmentationModel> student_, teacher_;
  std::string start_;  // where their first weights come from, for people
  optim::ParameterArena student_arena_, teacher_arena_;
  std::unique_ptr<optim::Optimizer> optimizer_;
  std::unique_ptr<FeatureDistance> feature_distance_;  // may be null, as the next
  std::unique_ptr<Adversary> adversary_;
  TrainStep train_step_;
  RunFolder folder_;
  RunLog log_;
  CheckpointFolder checkpoints_;
  RunPosition position_;
  CollapseWatch collapse_;
  int64_t steps_since_look_ = 0;
  double last_loss_ = 0;  // of all terms, when last looked at
};

}  // namespace masktwins

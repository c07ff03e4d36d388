// One training step, in the order of the released code (section 3.1 of the method's description): teacher,
// labelled source, pseudo-labels of the target, ClassMix, masked views, optimiser.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "data/loader.h"
#include "masktwins/config.h"
#include "masktwins/pseudo_labels.h"
#include "nn/segmentation_model.h"
#include "optim/optimizer.h"
#include "optim/schedule.h"

namespace masktwins {

struct StepReport {
  std::vector<std::pair<std::string, double>> losses;  // by name, after their weights: "source", "mix", ...
  double learning_rate = 0;
  PseudoLabels pseudo;  // empty without target losses

  // The first masked image's views and what the student said about each; for pictures.
  std::vector<Tensor> views, view_logits;

  double total_loss() const;
};

class TrainStep {
 public:
  // Student and teacher have the same structure; their arenas and the optimiser belong to them. Nothing is
  // owned.
  TrainStep(const Config& config, nn::SegmentationModel& student, optim::Optimizer& optimizer,
            nn::SegmentationModel& teacher, optim::ParameterArena& teacher_arena);

  // Step number batch.step, counted from 0. Random draws depend on (config.seed, step) alone.
  // Throws NonFiniteError, with the student unchanged, when a loss or a gradient is NaN or infinite.
  StepReport run(const data::Batch& batch);

 private:
  bool uses_target(int64_t step) const;
  void learn_source(const data::Batch& batch, StepReport& report);
  void learn_mix(const data::Batch& batch, double ramp, StepReport& report);
  void learn_masked(const std::string& name, const Tensor& images, const Tensor& labels,
                    const Tensor& weights, double ramp, StepReport& report);
  Tensor loss_of(const nn::SegmentationOutput& output, const Tensor& labels, const Tensor& weights) const;
  void learn(const std::string& name, const Tensor& loss, double weight, StepReport& report);

  const Config& config_;
  nn::SegmentationModel& student_;
  optim::Optimizer& optimizer_;
  nn::SegmentationModel& teacher_;
  optim::ParameterArena& teacher_arena_;
  optim::Schedule schedule_;
};

}  // namespace masktwins

// One training step, in the order of the released code (section 3.1 of the method's description):
// teacher, labelled source, pseudo-labels of the target, ClassMix, masked views, optimiser.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "data/loader.h"
#include "masktwins/config.h"
#include "masktwins/pseudo_labels.h"
#include "nn/segmentation_model.h"
#include "optim/ema.h"
#include "optim/optimizer.h"

namespace masktwins {

struct StepReport {
  std::vector<std::pair<std::string, double>> losses;  // by name, after their weights: "source", "mix", ...
  double total = 0;                                    // their sum
  double learning_rate = 0;
  double quality = 0;                      // share of target pixels that the teacher is sure of
  std::vector<double> pseudo_label_share;  // of the target pixels, per class; empty without target losses

  // For pictures; undefined where the mode does not use them.
  PseudoLabels pseudo;
  std::vector<Tensor> views, view_logits;
};

class TrainStep {
 public:
  // All are used, none owned. The teacher has the structure of the student; `ema` moves the student's
  // parameters into it.
  TrainStep(const Config& config, nn::SegmentationModel& student, nn::SegmentationModel& teacher,
            optim::Optimizer& optimizer, optim::Ema& ema);

  // Step number `step`, counted from 0. Random draws depend on (config.seed, step) alone.
  StepReport run(const data::Batch& batch, int64_t step);

 private:
  void learn_source(const data::Batch& batch, StepReport& report);
  void learn_mix(const data::Batch& batch, const PseudoLabels& pseudo, double ramp, StepReport& report);
  void learn_masked(const Tensor& images, const Tensor& labels, const Tensor& weights,
                    const std::string& name, double ramp, StepReport& report);
  void learn(const Tensor& loss, const std::string& name, StepReport& report);

  const Config& config_;
  nn::SegmentationModel& student_;
  nn::SegmentationModel& teacher_;
  optim::Optimizer& optimizer_;
  optim::Ema& ema_;
};

}  // namespace masktwins

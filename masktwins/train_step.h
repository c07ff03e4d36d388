// One training step, in the order of the released code (section 3.1 of the method's description): teacher,
// labelled source, ClassMix, masked views, optimiser. Only the pseudo-labels of the target come before the
// source, because AdaIN needs what the teacher saw; they depend on nothing that happens in between.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "data/loader.h"
#include "masktwins/adversary.h"
#include "masktwins/config.h"
#include "masktwins/feature_distance.h"
#include "masktwins/loss_log.h"
#include "masktwins/masked_images.h"
#include "masktwins/pseudo_labels.h"
#include "nn/segmentation_model.h"
#include "nn/style_transfer.h"
#include "optim/optimizer.h"
#include "optim/schedule.h"
#include "tensor/autocast.h"

namespace masktwins {

namespace kernels::cuda {
class StepGraph;
}

DType precision_of(const TrainConfig& train);

struct StepReport {
  int64_t step = 0;
  std::vector<std::pair<std::string, Tensor>> losses;  // scalars after their weights: "source", "mix", ...
  double learning_rate = 0;
  PseudoLabels pseudo;  // empty without target losses

  // The first masked image's views and what the student said about each; for pictures.
  std::vector<Tensor> views, view_logits;
};

// Further networks that some losses need; null where those losses are off.
struct Companions {
  FeatureDistance* feature_distance = nullptr;  // uda.feature_distance_weight
  Adversary* adversary = nullptr;               // uda.adversarial_weight
};

class TrainStep {
 public:
  // Student and teacher have the same structure; their arenas and the optimiser belong to them. Nothing is
  // owned.
  TrainStep(const Config& config, nn::SegmentationModel& student, optim::Optimizer& optimizer,
            nn::SegmentationModel& teacher, optim::ParameterArena& teacher_arena,
            const Companions& companions = {});

  // Step number batch.step, counted from 0. Random draws depend on (config.seed, step) alone.
  // On CUDA the step is only queued. When a loss is NaN or infinite the student stays as it was, in this step
  // and all that follow; on the CPU run() itself throws NonFiniteError, on CUDA losses() does when it is
  // read.
  StepReport run(const data::Batch& batch);

  // From now on run() launches the kernels of a step as one CUDA graph (kernels/common/step_graph.h), except
  // while the profiler asks about each. No bit of the result changes. Error unless the networks are on CUDA.
  void launch_as_graphs();

  // Runs a step op by op and throws NonFiniteError that names the first op whose result was not finite.
  void explain(const data::Batch& batch);

  LossLog& losses() { return losses_; }

 private:
  StepReport learn_batch(const data::Batch& batch);
  bool looks_at_target(int64_t step) const;
  PseudoLabels label_target(const data::Batch& batch, nn::Styles& styles);
  // Gives the student's logits of the source, without graph.
  Tensor learn_source(const data::Batch& batch, const nn::Styles& styles, StepReport& report);
  void learn_by_teacher(const data::Batch& batch, double ramp, StepReport& report);
  void learn_target(const data::Batch& batch, const Tensor& source_logits, double ramp, StepReport& report);
  void learn_mix(const data::Batch& batch, double ramp, StepReport& report);
  void learn_masked(const MaskedImages& masked, double ramp, StepReport& report);
  Tensor loss_of(const nn::SegmentationOutput& output, const Tensor& labels, const Tensor& weights) const;
  void learn(const std::string& name, const Tensor& loss, double weight, StepReport& report);
  void log(const std::string& name, const Tensor& loss, StepReport& report);
  void differentiate(const Tensor& loss) const;

  const Config& config_;
  nn::SegmentationModel& student_;
  optim::Optimizer& optimizer_;
  nn::SegmentationModel& teacher_;
  optim::ParameterArena& teacher_arena_;
  Companions companions_;
  optim::Schedule schedule_;
  LossLog losses_;
  DType precision_;
  std::array<std::shared_ptr<kernels::cuda::StepGraph>, 2>
      graphs_;                 // of steps without and with the target, or null
  LowPrecisionCopies copies_;  // of the parameters of student and teacher, made anew in every step
};

}  // namespace masktwins

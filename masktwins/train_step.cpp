#include "masktwins/train_step.h"

#include <cmath>

#include "kernels/common/range.h"
#include "kernels/common/step_graph.h"
#include "masktwins/checkpointed_outputs.h"
#include "masktwins/consistency.h"
#include "masktwins/masked_views.h"
#include "masktwins/segmentation_loss.h"
#include "masktwins/strong_augmentation.h"
#include "optim/ema.h"
#include "optim/low_precision.h"
#include "tensor/autograd.h"
#include "tensor/dispatch.h"
#include "tensor/ops/add.h"
#include "tensor/ops/choose_classes.h"
#include "tensor/ops/class_mix.h"
#include "tensor/ops/dropout.h"
#include "tensor/ops/entropy.h"
#include "tensor/ops/scale.h"
#include "tensor/profiler.h"
#include "tensor/random.h"

namespace masktwins {
namespace {

// exp(-5 (1 - t/T)²), then 1 (section 7.3).
double ramp_up(int64_t t, int64_t length) {
  if (t >= length) return 1;
  const double left = 1 - static_cast<double>(t) / static_cast<double>(length);
  return std::exp(-5 * left * left);
}

nn::Styles styles_for(const std::string& adain) {
  const bool both = adain == "both";
  return {.embedding = both || adain == "embedding", .stage1 = both || adain == "stage1"};
}

}  // namespace

DType precision_of(const TrainConfig& train) {
  if (train.precision == "bfloat16") return DType::bfloat16;
  return train.precision == "float16" ? DType::float16 : DType::float32;
}

TrainStep::TrainStep(const Config& config, nn::SegmentationModel& student, optim::Optimizer& optimizer,
                     nn::SegmentationModel& teacher, optim::ParameterArena& teacher_arena,
                     const Companions& companions)
    : config_(config),
      student_(student),
      optimizer_(optimizer),
      teacher_(teacher),
      teacher_arena_(teacher_arena),
      companions_(companions),
      schedule_{.name = config.train.schedule,
                .base = config.train.lr,
                .iterations = config.train.iterations,
                .power = config.train.power,
                .warmup = config.train.warmup},
      losses_(optimizer.arena().values().device()),
      precision_(precision_of(config.train)) {}

void TrainStep::launch_as_graphs() {
  require(losses_.failure().device() == Device::cuda, "graphs of kernels need --device cuda");
  if constexpr (built_with_cuda)
    for (auto& graph : graphs_) graph = std::make_shared<kernels::cuda::StepGraph>();
}

bool TrainStep::looks_at_target(int64_t step) const {
  return config_.uda.uses_target() && step >= config_.uda.start;
}

StepReport TrainStep::run(const data::Batch& batch) {
  const auto& graph = graphs_[looks_at_target(batch.step) ? 1 : 0];
  if (!graph || Profiler::enabled()) return learn_batch(batch);
  StepReport report;
  if constexpr (built_with_cuda) graph->run([&] { report = learn_batch(batch); });
  return report;
}

void TrainStep::explain(const data::Batch& batch) {
  const NonFiniteGuard guard;
  learn_batch(batch);
}

StepReport TrainStep::learn_batch(const data::Batch& batch) {
  const kernels::Range range("step");
  const UdaConfig& uda = config_.uda;
  begin_random_step(static_cast<uint32_t>(config_.seed), static_cast<uint64_t>(batch.step));
  StepReport report;
  report.step = batch.step;
  optimizer_.arena().zero_gradients();
  optim::update_teacher(teacher_arena_, optimizer_.arena(), batch.step, uda.ema_alpha);
  if (precision_ != DType::float32) {
    optim::add_copies(student_, optimizer_.arena(), precision_, copies_);
    optim::add_copies(teacher_, teacher_arena_, precision_, copies_);
  }
  const AutocastScope autocast(precision_, &copies_);

  const bool adapts = looks_at_target(batch.step);
  nn::Styles styles = styles_for(uda.adain);
  if (adapts && uda.uses_pseudo_labels()) report.pseudo = label_target(batch, styles);
  const Tensor source_logits = learn_source(batch, styles, report);
  if (adapts) {
    const double ramp = ramp_up(batch.step - uda.start, uda.rampup);
    if (uda.uses_pseudo_labels()) learn_by_teacher(batch, ramp, report);
    if (uda.entropy_weight > 0 || companions_.adversary) learn_target(batch, source_logits, ramp, report);
  }

  const kernels::Range optimiser("optimiser");
  report.learning_rate = schedule_.at(batch.step);
  optimizer_.step(report.learning_rate, losses_.failure(), batch.step);
  // A teacher that labels images gathers statistics of its own; one that does not has none to predict with.
  if (!report.pseudo.labels.defined()) teacher_.copy_buffers_from(student_);
  losses_.end_step();
  return report;
}

// The teacher labels the clean target (section 3.3).
PseudoLabels TrainStep::label_target(const data::Batch& batch, nn::Styles& styles) {
  const kernels::Range range("pseudo-labels");
  const NoGrad no_grad;
  const NoDropout no_dropout;
  const nn::StyleRecording recording(styles);
  const Tensor logits = teacher_.forward(batch.target_images);
  require(config_.uda.adain == "none" || !styles.maps.empty(), "uda.adain = \"", config_.uda.adain,
          "\": this network has no such map; set it to none");
  return label_by_teacher(logits, config_.uda, batch.target_weights);
}

// The labelled source, perhaps in the target's style, and what its features should not forget (sections 3.1,
// 3.2 and 3.12).
Tensor TrainStep::learn_source(const data::Batch& batch, const nn::Styles& styles, StepReport& report) {
  const kernels::Range range("source");
  const nn::SegmentationOutput output = [&] {
    const nn::StyleTransfer transfer(styles);
    return student_.outputs(batch.source_images);
  }();
  Tensor loss = loss_of(output, batch.source_labels, {});
  log("source", loss, report);
  if (companions_.feature_distance) {
    const Tensor distance =
        scale(companions_.feature_distance->loss(output.features, batch.source_images, batch.source_labels),
              config_.uda.feature_distance_weight);
    log("feature_distance", distance, report);
    loss = add(loss, distance);
  }
  differentiate(loss);
  return output.logits.detach();
}

// From the teacher's labels the student learns on mixed images and masked views.
void TrainStep::learn_by_teacher(const data::Batch& batch, double ramp, StepReport& report) {
  if (config_.uda.class_mix) learn_mix(batch, ramp, report);
  if (config_.uda.masks == 0) return;
  for (const MaskedImages& masked : masked_images(batch, report.pseudo, config_, random_stream()))
    learn_masked(masked, ramp, report);
}

// Without labels: predictions on the target shall be sure (MinEnt), and look like those on the source
// (AdvSeg).
void TrainStep::learn_target(const data::Batch& batch, const Tensor& source_logits, double ramp,
                             StepReport& report) {
  const kernels::Range range("target");
  const UdaConfig& uda = config_.uda;
  const Tensor logits = student_.outputs(batch.target_images).logits;
  Tensor loss;
  if (uda.entropy_weight > 0) {
    loss = scale(entropy(logits), ramp * uda.entropy_weight);
    log("entropy", loss, report);
  }
  if (companions_.adversary) {
    const Tensor fooling = scale(companions_.adversary->fooling_loss(logits), ramp * uda.adversarial_weight);
    log("adversarial", fooling, report);
    loss = loss.defined() ? add(loss, fooling) : fooling;
  }
  differentiate(loss);
  if (companions_.adversary)
    log("discriminator", companions_.adversary->learn(source_logits, logits.detach(), batch.step), report);
}

// Half of the source classes pasted onto the target, sections 3.4 and 3.5.
void TrainStep::learn_mix(const data::Batch& batch, double ramp, StepReport& report) {
  const kernels::Range range("mix");
  RandomStream& random = random_stream();
  const Tensor chosen = choose_classes(batch.source_labels, random.next_key(), random.step);
  const ClassMix mix = class_mix(batch.source_images, batch.source_labels, batch.target_images,
                                 report.pseudo.labels, report.pseudo.weights, chosen);
  const Tensor images = augment_strongly(mix.images, config_, random);
  learn("mix", loss_of(student_.outputs(images), mix.labels, mix.weights), ramp, report);
}

// The masked views of section 3.6-3.8: cross-entropy on each, and consistency between them.
void TrainStep::learn_masked(const MaskedImages& masked, double ramp, StepReport& report) {
  const kernels::Range range("masked views");
  const UdaConfig& uda = config_.uda;
  const std::vector<Tensor> views = masked_views(masked.images, uda, random_stream());
  std::vector<Tensor> logits;
  Tensor classes;
  for (const Tensor& view : views) {
    const nn::SegmentationOutput output =
        uda.save_memory ? checkpointed_outputs(student_, view) : student_.outputs(view);
    const Tensor loss = loss_of(output, masked.labels, masked.weights);
    classes = classes.defined() ? add(classes, loss) : loss;
    logits.push_back(output.logits);
  }
  Tensor loss = scale(classes, ramp * uda.mask_weight / static_cast<double>(logits.size()));
  log(masked.loss, loss, report);
  if (logits.size() > 1 && uda.cm_weight > 0) {
    const Tensor agreement = scale(consistency(logits, uda.cm_loss), ramp * uda.cm_weight);
    log(masked.loss + "_cm", agreement, report);
    loss = add(loss, agreement);
  }
  differentiate(loss);
  report.views = views;
  report.view_logits.clear();
  for (const Tensor& z : logits) report.view_logits.push_back(z.detach());
}

Tensor TrainStep::loss_of(const nn::SegmentationOutput& output, const Tensor& labels,
                          const Tensor& weights) const {
  return segmentation_loss(output, labels, weights, config_.model.detail_weight);
}

void TrainStep::learn(const std::string& name, const Tensor& loss, double weight, StepReport& report) {
  const Tensor weighted = scale(loss, weight);
  log(name, weighted, report);
  differentiate(weighted);
}

void TrainStep::log(const std::string& name, const Tensor& loss, StepReport& report) {
  losses_.add(name, loss.detach(), report.step);
  report.losses.emplace_back(name, loss.detach());
}

void TrainStep::differentiate(const Tensor& loss) const {
  const kernels::Range range("backward");
  backward(optimizer_.scaled(loss));
}

}  // namespace masktwins

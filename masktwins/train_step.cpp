#include "masktwins/train_step.h"

#include <cmath>

#include "masktwins/consistency.h"
#include "masktwins/masked_views.h"
#include "masktwins/segmentation_loss.h"
#include "masktwins/strong_augmentation.h"
#include "optim/clip.h"
#include "optim/ema.h"
#include "tensor/autograd.h"
#include "tensor/ops/add.h"
#include "tensor/ops/class_mix.h"
#include "tensor/ops/dropout.h"
#include "tensor/ops/scale.h"
#include "tensor/random.h"

namespace masktwins {
namespace {

// exp(-5 (1 - t/T)²), then 1 (section 7.3).
double ramp_up(int64_t t, int64_t length) {
  if (t >= length) return 1;
  const double left = 1 - static_cast<double>(t) / static_cast<double>(length);
  return std::exp(-5 * left * left);
}

// Throws before a value that is NaN or infinite can reach the parameters.
void require_finite(const std::string& what, double value) {
  if (!std::isfinite(value)) throw NonFiniteError(concat_text(what, " is ", value));
}

void log_loss(const std::string& name, const Tensor& loss, StepReport& report) {
  const double value = loss.item();
  require_finite("loss '" + name + "'", value);
  report.losses.emplace_back(name, value);
}

}  // namespace

double StepReport::total_loss() const {
  double sum = 0;
  for (const auto& [name, value] : losses) sum += value;
  return sum;
}

TrainStep::TrainStep(const Config& config, nn::SegmentationModel& student, optim::Optimizer& optimizer,
                     nn::SegmentationModel& teacher, optim::ParameterArena& teacher_arena)
    : config_(config),
      student_(student),
      optimizer_(optimizer),
      teacher_(teacher),
      teacher_arena_(teacher_arena),
      schedule_{.name = config.train.schedule,
                .base = config.train.lr,
                .iterations = config.train.iterations,
                .power = config.train.power,
                .warmup = config.train.warmup} {}

StepReport TrainStep::run(const data::Batch& batch) {
  const UdaConfig& uda = config_.uda;
  begin_random_step(static_cast<uint32_t>(config_.seed), static_cast<uint64_t>(batch.step));
  StepReport report;
  optimizer_.arena().zero_gradients();
  optim::update_teacher(teacher_arena_, optimizer_.arena(), batch.step, uda.ema_alpha);

  learn_source(batch, report);
  if (uses_target(batch.step)) {
    const double ramp = ramp_up(batch.step - uda.start, uda.rampup);
    {
      const NoGrad no_grad;
      const NoDropout no_dropout;
      report.pseudo = label_by_teacher(teacher_.forward(batch.target_images), uda);
    }
    if (uda.class_mix) learn_mix(batch, ramp, report);
    if (uda.masks > 0 && uda.mask_image != "target")
      learn_masked("masked_source", batch.source_images, batch.source_labels, {}, ramp, report);
    if (uda.masks > 0 && uda.mask_image != "source")
      learn_masked("masked", batch.target_images, report.pseudo.labels, report.pseudo.weights, ramp, report);
  }

  const double limit = config_.train.clip_norm;
  const double norm = limit > 0 ? optim::clip_gradient_norm(optimizer_.arena(), limit)
                                : optim::gradient_norm(optimizer_.arena());
  require_finite("the norm of the gradients", norm);
  report.learning_rate = schedule_.at(batch.step);
  optimizer_.step(report.learning_rate);
  return report;
}

bool TrainStep::uses_target(int64_t step) const {
  return (config_.uda.class_mix || config_.uda.masks > 0) && step >= config_.uda.start;
}

void TrainStep::learn_source(const data::Batch& batch, StepReport& report) {
  learn("source", loss_of(student_.outputs(batch.source_images), batch.source_labels, {}), 1, report);
}

// Half of the source classes pasted onto the target, sections 3.4 and 3.5.
void TrainStep::learn_mix(const data::Batch& batch, double ramp, StepReport& report) {
  RandomStream& random = random_stream();
  const Tensor chosen = choose_classes(batch.source_labels, random.next_key(), random.step);
  const ClassMix mix = class_mix(batch.source_images, batch.source_labels, batch.target_images,
                                 report.pseudo.labels, report.pseudo.weights, chosen);
  const Tensor images = augment_strongly(mix.images, config_, random);
  learn("mix", loss_of(student_.outputs(images), mix.labels, mix.weights), ramp, report);
}

// The masked views of section 3.6-3.8: cross-entropy on each, and consistency between them.
void TrainStep::learn_masked(const std::string& name, const Tensor& images, const Tensor& labels,
                             const Tensor& weights, double ramp, StepReport& report) {
  const UdaConfig& uda = config_.uda;
  const Tensor visible = uda.mask_augment ? augment_strongly(images, config_, random_stream()) : images;
  const std::vector<Tensor> views = masked_views(visible, uda, random_stream());
  std::vector<Tensor> logits;
  Tensor classes;
  for (const Tensor& view : views) {
    const nn::SegmentationOutput output = student_.outputs(view);
    const Tensor loss = loss_of(output, labels, weights);
    classes = classes.defined() ? add(classes, loss) : loss;
    logits.push_back(output.logits);
  }
  Tensor loss = scale(classes, ramp * uda.mask_weight / static_cast<double>(logits.size()));
  log_loss(name, loss, report);
  if (logits.size() > 1 && uda.cm_weight > 0) {
    const Tensor agreement = scale(consistency(logits, uda.cm_loss), ramp * uda.cm_weight);
    log_loss(name + "_cm", agreement, report);
    loss = add(loss, agreement);
  }
  backward(loss);
  report.views = views;
  for (const Tensor& z : logits) report.view_logits.push_back(z.detach());
}

Tensor TrainStep::loss_of(const nn::SegmentationOutput& output, const Tensor& labels,
                          const Tensor& weights) const {
  return segmentation_loss(output, labels, weights, config_.model.detail_weight);
}

void TrainStep::learn(const std::string& name, const Tensor& loss, double weight, StepReport& report) {
  const Tensor weighted = scale(loss, weight);
  log_loss(name, weighted, report);
  backward(weighted);
}

}  // namespace masktwins

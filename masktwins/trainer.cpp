#include "masktwins/trainer.h"

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "data/file.h"
#include "masktwins/datasets.h"
#include "masktwins/memory_estimate.h"
#include "masktwins/network.h"
#include "masktwins/pretrained.h"
#include "masktwins/signals.h"
#include "masktwins/training_picture.h"
#include "tensor/autograd.h"

namespace masktwins {
namespace {

using nlohmann::json;

bool every(int64_t step, int64_t interval) { return interval > 0 && step % interval == 0; }

bool uses_target(const UdaConfig& uda) { return uda.class_mix || uda.masks > 0; }

std::shared_ptr<const data::Dataset> open_if_given(const Config& config, const DatasetConfig& set,
                                                   const std::string& name) {
  return set.images.empty() ? nullptr : open_dataset(config, set, name);
}

std::unique_ptr<optim::Optimizer> make_optimizer(optim::ParameterArena& arena, const TrainConfig& train) {
  optim::OptimizerOptions options;
  options.name = train.optimizer;
  options.beta1 = train.beta1;
  options.beta2 = train.beta2;
  options.momentum = train.momentum;
  options.weight_decay = train.weight_decay;
  return optim::build_optimizer(arena, options);
}

data::LoaderOptions loader_options(const Config& config, int64_t first_step) {
  data::LoaderOptions options;
  options.seed = static_cast<uint32_t>(config.seed);
  options.batch = options.target_batch = config.train.batch;
  options.crop = config.train.crop;
  options.augment = config.augment;
  options.foreground_share = config.train.foreground_share;
  options.workers = config.data.workers;
  options.first_step = first_step;
  return options;
}

std::string picture_name(const char* kind, int64_t step) {
  char name[64];
  std::snprintf(name, sizeof name, "%s_%07lld.png", kind, static_cast<long long>(step));
  return name;
}

}  // namespace

// Means of the losses since the last line of the log.
struct Trainer::LossMeans {
  std::map<std::string, double> sums;
  int64_t steps = 0;

  void add(const StepReport& report) {
    for (const auto& [name, value] : report.losses) sums[name] += value;
    ++steps;
  }
  json take() {
    json means;
    for (const auto& [name, sum] : sums) means[name] = sum / static_cast<double>(steps);
    *this = {};
    return means;
  }
};

Trainer::Trainer(const Config& config, const std::filesystem::path& out, bool resume_run, std::FILE* messages)
    : config_(config),
      messages_(messages),
      source_(open_dataset(config, config.data.source, "data.source")),
      target_(uses_target(config.uda) ? open_dataset(config, config.data.target, "data.target") : nullptr),
      test_(open_if_given(config, config.data.test, "data.test")),
      student_(build_network(config)),
      teacher_(build_network(config)),
      start_(load_start(resume_run)),
      student_arena_(*student_),
      teacher_arena_(*teacher_),
      optimizer_(make_optimizer(student_arena_, config.train)),
      train_step_(config_, *student_, *optimizer_, *teacher_, teacher_arena_),
      folder_(open_folder(out, resume_run)),
      log_(folder_.log()),
      checkpoints_{folder_.checkpoints()} {
  std::fprintf(messages_, "pretrained weights: %s\n", start_.c_str());
  if (resume_run) resume();
  else save();  // from now on the run can be resumed, whatever happens, and a full disk shows at once
}

// The same for both networks; a resumed run has its own.
std::string Trainer::load_start(bool resume_run) {
  const std::string& file = config_.model.pretrained;
  if (resume_run) return "those of the run that is resumed";
  if (file.empty()) return "NONE, the network starts from random numbers (model.pretrained is not set)";
  const std::string loaded = load_pretrained(file, *student_);
  teacher_->copy_from(*student_);
  return loaded;
}

// Last checks before the first file is written.
RunFolder Trainer::open_folder(const std::filesystem::path& out, bool resume_run) const {
  require(source_->labelled(), "data.source.labels is not set; the source set is the labelled one");
  require(!test_ || test_->labelled(), "data.test.labels is not set; an evaluation needs labels");
  const int64_t multiple = student_->size_multiple();
  require(config_.train.crop % multiple == 0, "train.crop must be a multiple of ", multiple, " for ",
          config_.model.name, ", got ", config_.train.crop);
  return resume_run ? RunFolder::open(out) : RunFolder::create(out, config_);
}

void Trainer::resume() {
  std::string notice;
  const data::TensorFile file = checkpoints_.read_latest(notice);
  position_ = restore(file, {*student_, *teacher_, *optimizer_}, config_);
  if (!notice.empty()) std::fprintf(messages_, "%s\n", notice.c_str());
  log_.rewind(position_.step);
  folder_.write_config(config_);
}

bool Trainer::run() {
  const int64_t iterations = config_.train.iterations;
  if (position_.step >= iterations) return true;
  const StopSignals signals;
  data::Loader loader(source_, target_, loader_options(config_, position_.step));
  Progress progress({.out = messages_,
                     .first = position_.step,
                     .total = iterations,
                     .images_per_step = config_.train.batch * (target_ ? 2 : 1),
                     .plain_every = config_.train.log_every});
  for (const std::string& notice : loader.notices()) progress.say(notice);
  const MemoryEstimate memory = estimate_memory(config_, student_->size_multiple());
  if (const auto warning = memory_warning(memory, available_memory()); !warning.empty())
    progress.say(warning);
  LossMeans means;
  while (position_.step < iterations && !signals.stop_requested()) {
    const data::Batch batch = loader.next();
    const StepReport step_report = step(batch);
    ++position_.step;
    report(step_report, means, progress);
    if (every(position_.step, config_.train.picture_every))
      data::write_png(folder_.pictures() / picture_name("train", position_.step),
                      training_picture("step " + std::to_string(position_.step), batch, step_report,
                                       evaluation_function(*student_)));
    const bool last = position_.step == iterations;
    if (test_ && config_.train.evaluate_every > 0 &&
        (last || every(position_.step, config_.train.evaluate_every)))
      evaluate(progress);
    if (last || every(position_.step, config_.train.checkpoint_every)) save();
  }
  if (position_.step < iterations) save();
  return position_.step == iterations;
}

StepReport Trainer::step(const data::Batch& batch) {
  try {
    return train_step_.run(batch);
  } catch (const NonFiniteError& error) {
    std::string first = error.what(), op;
    try {
      const NonFiniteGuard guard;
      train_step_.run(batch);
    } catch (const NonFiniteError& named) {
      op = concat_text("; ", named.what());
    }
    fail("step ", batch.step, ": ", first, op, "; training stopped, ", checkpoints_.last().string(),
         " holds the last good state; try a smaller train.lr, or train.clip_norm = 1");
  }
}

void Trainer::report(const StepReport& report, LossMeans& means, Progress& progress) {
  means.add(report);
  progress.update(position_.step, {{"loss", report.total_loss()}});
  if (const auto warning = collapse_.add(report.pseudo.class_share)) {
    progress.say("warning: " + *warning);
    log_.append({{"step", position_.step}, {"warning", *warning}});
  }
  if (!every(position_.step, config_.train.log_every)) return;
  json record = {{"step", position_.step},
                 {"losses", means.take()},
                 {"learning_rate", report.learning_rate},
                 {"seconds_per_step", progress.seconds_per_step()}};
  if (!report.pseudo.class_share.empty()) {
    record["quality"] = report.pseudo.quality;
    record["pseudo_label_share"] = report.pseudo.class_share;
  }
  log_.append(record);
}

void Trainer::evaluate(Progress& progress) {
  const std::string title = "step " + std::to_string(position_.step);
  bool first = true;
  const auto draw_first = [&](const data::Section& section, const Tensor& probabilities) {
    if (std::exchange(first, false) && config_.train.picture_every > 0)
      data::write_png(folder_.pictures() / picture_name("test", position_.step),
                      evaluation_picture(title + ", " + section.name, section, probabilities));
  };
  const Evaluation evaluation =
      masktwins::evaluate(evaluation_function(*student_), *test_, config_.model.classes,
                          window_options(config_, *student_), draw_first);
  json scores = to_json(evaluation, config_.data.class_names);
  scores["step"] = position_.step;
  json metrics = folder_.metrics();
  metrics["last"] = scores;
  const double score = selection_score(evaluation);
  const bool best = !(score <= position_.best_score);
  if (best) {
    position_.best_score = score;
    position_.best_step = position_.step;
    checkpoints_.save_best({*student_, *teacher_, *optimizer_}, position_, config_);
    metrics["best"] = scores;
  }
  folder_.write_metrics(metrics);
  scores.erase("sections");
  log_.append({{"step", position_.step}, {"evaluation", scores}});
  progress.say(concat_text(title, ": test IoU ", std::round(1e4 * score) / 100, " %",
                           best ? ", the best so far" : ""));
}

void Trainer::save() {
  try {
    checkpoints_.save_last({*student_, *teacher_, *optimizer_}, position_, config_);
  } catch (const Error& error) {
    fail(error.what(), "; nothing older is lost, go on with: masktwins train --resume --out ",
         folder_.path().string());
  }
}

}  // namespace masktwins

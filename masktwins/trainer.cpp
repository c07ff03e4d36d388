#include "masktwins/trainer.h"

#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "data/file.h"
#include "masktwins/batch_feed.h"
#include "masktwins/classes.h"
#include "masktwins/datasets.h"
#include "masktwins/memory_estimate.h"
#include "masktwins/network.h"
#include "masktwins/parameter_groups.h"
#include "masktwins/pretrained.h"
#include "masktwins/signals.h"
#include "masktwins/training_picture.h"
#include "tensor/autograd.h"

namespace masktwins {
namespace {

using nlohmann::json;
using namespace nlohmann::literals;

bool every(int64_t step, int64_t interval) { return interval > 0 && step % interval == 0; }

std::unique_ptr<optim::Optimizer> make_optimizer(optim::ParameterArena& arena, const TrainConfig& train) {
  optim::OptimizerOptions options;
  options.name = train.optimizer;
  options.beta1 = train.beta1;
  options.beta2 = train.beta2;
  options.momentum = train.momentum;
  options.weight_decay = train.weight_decay;
  options.clip_norm = train.clip_norm;
  options.loss_scaling = train.precision == "float16";
  return optim::build_optimizer(arena, options, parameter_groups(train, arena));
}

data::LoaderOptions loader_options(const Config& config, int64_t first_step) {
  data::LoaderOptions options;
  options.seed = static_cast<uint32_t>(config.seed);
  options.batch = config.train.batch;
  options.target_batch = config.train.target_batch > 0 ? config.train.target_batch : config.train.batch;
  options.crop = config.train.crop;
  options.augment = config.augment;
  options.foreground_share = config.train.foreground_share;
  options.workers = config.data.workers;
  options.first_step = first_step;
  return options;
}

std::unique_ptr<FeatureDistance> make_feature_distance(const Config& config, Device device,
                                                       const data::ClassTable& classes) {
  if (config.uda.feature_distance_weight == 0) return nullptr;
  std::vector<int64_t> things;
  for (const std::string& name : config.uda.feature_classes)
    if (const auto found = std::find(classes.names.begin(), classes.names.end(), name);
        found != classes.names.end())
      things.push_back(found - classes.names.begin());
  if (things.empty()) return nullptr;  // the data shows none of them
  auto reference = build_network(config, device);
  require(reference->has_features(), "uda.feature_distance_weight: the network ", config.model.name,
          " has no pretrained encoder whose features could be kept; set it to 0");
  load_pretrained(config.model.pretrained, *reference);
  return std::make_unique<FeatureDistance>(std::move(reference), things);
}

std::unique_ptr<Adversary> make_adversary(const Config& config, Device device) {
  if (config.uda.adversarial_weight == 0) return nullptr;
  return std::make_unique<Adversary>(config.model.classes, config.uda.discriminator_lr,
                                     config.train.iterations, static_cast<uint32_t>(config.seed), device,
                                     config.train.precision == "float16");
}

// What is wrong with the first section is usually wrong with all: broken files, values without a class. A
// value may also be missing from a few labels only, so some of the whole set are read; the others when they
// are needed.
void look_at(const data::Dataset& set) {
  set.section(0);
  constexpr int64_t most_labels = 32;
  if (!set.labelled()) return;
  bool any = false;
  for (const int64_t index : set.some_sections(most_labels))
    for (const uint8_t label : set.stored_labels(index).classes) any = any || label != data::ignore_class;
  require(any, set.label_file(0).string(),
          " and the other labels that were looked at: every pixel is ignored; ",
          "give their values classes in data.label_values");
}

std::string picture_name(const char* kind, int64_t step) {
  char name[64];
  std::snprintf(name, sizeof name, "%s_%07lld.png", kind, static_cast<long long>(step));
  return name;
}

}  // namespace

Trainer::Trainer(const Config& config, const std::filesystem::path& out, bool resume_run, std::FILE* messages,
                 Device device)
    : config_(config),
      device_(device),
      messages_(messages),
      classes_(classes_of(config)),
      source_(open_source(config)),
      target_(config.uda.uses_target() ? open_target(config) : nullptr),
      test_(has_test(config) ? open_test(config) : nullptr),
      rare_classes_(open_rare_classes(config, *source_)),
      share_matching_(count_shares()),
      student_(build_network(config, device)),
      teacher_(build_network(config, device)),
      start_(load_start(resume_run)),
      student_arena_(*student_),
      teacher_arena_(*teacher_),
      optimizer_(make_optimizer(student_arena_, config.train)),
      feature_distance_(make_feature_distance(config, device, classes_)),
      adversary_(make_adversary(config, device)),
      train_step_(config_, *student_, *optimizer_, *teacher_, teacher_arena_,
                  {feature_distance_.get(), adversary_.get()}),
      folder_(open_folder(out, resume_run)),
      log_(folder_.log()),
      checkpoints_{folder_.checkpoints()} {
  std::fprintf(messages_, "pretrained weights: %s\n", start_.c_str());
  if (config.uda.feature_distance_weight > 0 && !feature_distance_)
    std::fputs("feature distance: none, the data has none of uda.feature_classes\n", messages_);
  folder_.remove_leftovers();
  if (resume_run) resume();
  else start();
}

// Once for all evaluations.
std::optional<ShareMatching> Trainer::count_shares() const {
  if (!config_.eval.match_shares || !evaluates()) return {};
  return ShareMatching(*source_, target_ ? target_ : open_target(config_), config_.model.classes);
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
  require(device_ == Device::cuda || config_.train.precision == "float32", "train.precision = \"",
          config_.train.precision, "\" needs --device cuda; the CPU computes in float32");
  const int64_t multiple = student_->size_multiple();
  require(config_.train.crop % multiple == 0, "train.crop must be a multiple of ", multiple, " for ",
          config_.model.name, ", got ", config_.train.crop);
  const int64_t window = student_->detail_window();
  require(config_.train.crop >= window, "train.crop = ", config_.train.crop,
          " is smaller than the windows of HRDA, model.hr_crop = ", window);
  for (const auto& set : {source_, target_, test_})
    if (set) look_at(*set);
  return resume_run ? RunFolder::open(out) : RunFolder::create(out, config_);
}

// From now on the run can be resumed, whatever happens, and a full disk shows at once.
void Trainer::start() {
  log_.rewind(0);
  folder_.write_config(config_);
  save();
}

void Trainer::resume() {
  std::string notice;
  const data::TensorFile file = checkpoints_.read_latest(notice);
  position_ = restore(file, state(), config_);
  if (!notice.empty()) std::fprintf(messages_, "%s\n", notice.c_str());
  log_.rewind(position_.step);
  folder_.write_config(config_);
}

bool Trainer::run() {
  const int64_t iterations = config_.train.iterations;
  if (position_.step >= iterations && !evaluation_missing()) return true;
  const StopSignals signals;
  data::LoaderOptions options = loader_options(config_, position_.step);
  options.rare_classes = rare_classes_;
  data::Loader loader(source_, target_, options);
  Progress progress({.out = messages_,
                     .first = position_.step,
                     .total = iterations,
                     .images_per_step = config_.train.batch * (target_ ? 2 : 1),
                     .plain_every = config_.train.log_every});
  for (const std::string& notice : loader.notices()) progress.say(notice);
  const MemoryEstimate memory = estimate_memory(config_, student_->size_multiple(), device_);
  if (const auto warning = memory_warning(memory, available_memory(device_)); !warning.empty())
    progress.say(warning);
  if (evaluation_missing()) {
    or_save(loader, [&] { evaluate(progress); });
    save();
  }
  BatchFeed feed(loader, device_);
  while (position_.step < iterations && !signals.stop_requested()) {
    const data::Batch* batch = nullptr;
    or_save(loader, [&] { batch = &feed.next(); });
    StepReport step_report;
    or_explain(loader, [&] {
      step_report = train_step_.run(*batch);
      ++position_.step;
      report(step_report, progress);
    });
    if (every(position_.step, config_.train.picture_every))
      data::write_png(folder_.pictures() / picture_name("train", position_.step),
                      training_picture("step " + std::to_string(position_.step), *batch, step_report,
                                       evaluation_function(*student_), classes_.colors));
    const bool scores = evaluates_after(position_.step);
    const bool saves = position_.step == iterations || every(position_.step, config_.train.checkpoint_every);
    if (scores || saves) check_losses(loader);
    if (scores) or_save(loader, [&] { evaluate(progress); });
    if (saves) save();
  }
  check_losses(loader);
  if (position_.step < iterations) save();
  return position_.step == iterations;
}

bool Trainer::evaluates_after(int64_t step) const {
  return evaluates() && (step == config_.train.iterations || every(step, config_.train.evaluate_every));
}

// Of the last step: a test image could not be read.
bool Trainer::evaluation_missing() const {
  if (position_.step == 0 || !evaluates_after(position_.step)) return false;
  return folder_.metrics().value("/last/step"_json_pointer, int64_t{0}) < position_.step;
}

// A file that cannot be read ends the run, but costs no step: repaired, the run goes on.
void Trainer::or_save(const data::Loader& loader, const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    check_losses(loader);
    save();
    fail(error.what(), "; then go on after step ", position_.step, " with --resume");
  }
}

// Runs `action`; if a loss was not finite, runs that step once more to find the op that made the first NaN.
// The student has not changed since, so the same happens again.
void Trainer::or_explain(const data::Loader& loader, const std::function<void()>& action) {
  try {
    action();
  } catch (const NonFiniteError& error) {
    const int64_t step = train_step_.losses().failed_step();
    train_step_.losses().forget_failure();
    std::string op;
    try {
      train_step_.explain(to(loader.batch_of(step), device_));
    } catch (const NonFiniteError& named) {
      op = std::strcmp(named.what(), error.what()) == 0
               ? "; every op's result was finite, so the gradients themselves are too large"
               : concat_text("; ", named.what());
    }
    fail("step ", step, ": ", error.what(), op, "; training stopped, ", checkpoints_.last().string(),
         " holds the last good state; try a smaller train.lr, or train.clip_norm = 1");
  }
}

void Trainer::check_losses(const data::Loader& loader) {
  or_explain(loader, [&] { train_step_.losses().check(); });
}

// On CUDA only the steps that are logged are looked at, because each look waits for the device.
void Trainer::report(const StepReport& report, Progress& progress) {
  ++steps_since_look_;
  const bool logs = every(position_.step, config_.train.log_every);
  if (device_ == Device::cpu || logs) {
    last_loss_ = 0;
    for (const auto& [name, loss] : report.losses) last_loss_ += loss.item();
    std::vector<double> class_share;
    if (report.pseudo.shares.defined()) class_share = report.pseudo.class_share();
    if (const auto warning = collapse_.add(class_share, std::exchange(steps_since_look_, 0))) {
      progress.say("warning: " + *warning);
      log_.append({{"step", position_.step}, {"warning", *warning}});
    }
  }
  progress.update(position_.step, {{"loss", last_loss_}});
  if (!logs) return;
  json record = {{"step", position_.step},
                 {"losses", train_step_.losses().take_means()},
                 {"learning_rate", report.learning_rate},
                 {"seconds_per_step", progress.seconds_per_step()}};
  if (report.pseudo.shares.defined()) {
    record["quality"] = report.pseudo.quality();
    record["pseudo_label_share"] = report.pseudo.class_share();
  }
  log_.append(record);
}

void Trainer::evaluate(Progress& progress) {
  const std::string title = "step " + std::to_string(position_.step);
  bool first = true;
  const auto draw_first = [&](const data::Section& section, const Tensor& probabilities) {
    if (std::exchange(first, false) && config_.train.picture_every > 0)
      data::write_png(
          folder_.pictures() / picture_name("test", position_.step),
          evaluation_picture(title + ", " + section.name, section, probabilities, classes_.colors));
  };
  const Evaluation evaluation =
      masktwins::evaluate(prediction_function(config_, *student_, share_matching_), *test_,
                          evaluation_options(config_, *student_), draw_first);
  json scores = to_json(evaluation, classes_);
  scores["step"] = position_.step;
  json metrics = folder_.metrics();
  metrics["last"] = scores;
  const double score = selection_score(evaluation);
  const bool best = !(score <= position_.best_score);
  if (best) {
    position_.best_score = score;
    position_.best_step = position_.step;
    checkpoints_.save_best(state(), position_, config_);
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
    checkpoints_.save_last(state(), position_, config_);
  } catch (const Error& error) {
    if (checkpoints_.empty()) throw;
    fail(error.what(), "; nothing older is lost, go on with: masktwins train --resume --out ",
         folder_.path().string());
  }
}

}  // namespace masktwins

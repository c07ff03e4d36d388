#include "masktwins/bench_step.h"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "data/file.h"
#include "data/json_text.h"
#include "masktwins/batch_feed.h"
#include "masktwins/network.h"
#include "masktwins/train_step.h"
#include "tensor/device_profile.h"
#include "tensor/op.h"
#include "tensor/profiler.h"
#include "tensor/synchronize.h"

namespace masktwins {
namespace {

using Clock = std::chrono::steady_clock;

bool is_unet(const StepBenchOptions& options) { return options.model == "unet"; }
int64_t channels(const StepBenchOptions& options) { return is_unet(options) ? 1 : 3; }
int64_t classes(const StepBenchOptions& options) { return is_unet(options) ? 2 : 19; }

struct Timing {
  double best, median;
};

// One configuration with everything a step needs.
class Bench {
 public:
  Bench(const StepBenchOptions& options, const std::string& mode)
      : config_(bench_config(options, mode)),
        student_(build_network(config_, options.device)),
        teacher_(build_network(config_, options.device)),
        student_arena_(*student_),
        teacher_arena_(*teacher_),
        optimizer_(optim::build_optimizer(student_arena_, {})),
        step_(config_, *student_, *optimizer_, *teacher_, teacher_arena_),
        batch_(to(random_batch(options), options.device)) {}

  void step() {
    step_.run(batch_);
    synchronize(student_->device());
    ++batch_.step;
  }

  Timing time(int64_t repeats) {
    step();  // fills caches
    std::vector<double> seconds;
    for (int64_t i = 0; i < repeats; ++i) {
      const auto begin = Clock::now();
      step();
      seconds.push_back(std::chrono::duration<double>(Clock::now() - begin).count());
    }
    std::sort(seconds.begin(), seconds.end());
    return {seconds.front(), seconds[seconds.size() / 2]};
  }

 private:
  static Config bench_config(const StepBenchOptions& options, const std::string& mode) {
    return parse_config(
        "", "bench",
        {"model.name=" + options.model, "model.width=" + std::to_string(options.width),
         "model.in_channels=" + std::to_string(channels(options)),
         "model.classes=" + std::to_string(classes(options)),
         "model.hr_crop=" + std::to_string(options.crop / 2), "train.crop=" + std::to_string(options.crop),
         "train.batch=" + std::to_string(options.batch), "uda.mode=" + mode, "uda.class_mix=false",
         "uda.mask_augment=false"});
  }

  static data::Batch random_batch(const StepBenchOptions& options) {
    const Argument image{{options.batch, channels(options), options.crop, options.crop}};
    const Argument label{.shape = {options.batch, options.crop, options.crop},
                         .fill = Fill::integers,
                         .high = static_cast<double>(classes(options)),
                         .dtype = DType::uint8};
    const Tensors tensors = make_inputs({{image, label, image}, {}}, DType::float32, 1);
    return {0, tensors[0], tensors[1], tensors[2]};
  }

  Config config_;
  std::unique_ptr<nn::SegmentationModel> student_, teacher_;
  optim::ParameterArena student_arena_, teacher_arena_;
  std::unique_ptr<optim::Optimizer> optimizer_;
  TrainStep step_;
  data::Batch batch_;
};

double peak_megabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;  // Linux counts KiB
}

}  // namespace

void bench_step(const StepBenchOptions& options) {
  nlohmann::json json;
  std::string table;
  std::unique_ptr<Bench> bench;
  const auto time = [&](const std::string& name, const std::string& mode) {
    bench.reset();
    bench = std::make_unique<Bench>(options, mode);
    const Timing timing = bench->time(options.repeats);
    json[name + "_s"] = timing.best;
    json[name + "_median_s"] = timing.median;
    char text[100];
    std::snprintf(text, sizeof text, "%s %.3f (%.3f)  ", name.c_str(), timing.best, timing.median);
    table += text;
  };
  time("supervised", "source-only");
  if (!options.supervised_only) time("masktwins", "masktwins");
  json["peak_mb"] = peak_megabytes();
  if (options.json == "-") {
    std::fputs(data::json_line(json).c_str(), stdout);
  } else {
    const std::string width = is_unet(options) ? ", width " + std::to_string(options.width) : "";
    std::printf("%s%s, crop %lld, batch %lld; best seconds per step (median)\n", options.model.c_str(),
                width.c_str(), static_cast<long long>(options.crop), static_cast<long long>(options.batch));
    std::printf("%speak %.0f MB\n", table.c_str(), peak_megabytes());
    if (!options.json.empty()) data::write_file(options.json, data::json_text(json));
  }
  if (!options.profile && options.trace.empty()) return;
  start_profiler(options.device);
  bench->step();
  Profiler::stop();
  if (options.profile) std::printf("\n%s", profile_table(Profiler::totals()).c_str());
  if (!options.trace.empty()) data::write_file(options.trace, Profiler::trace());
}

}  // namespace masktwins

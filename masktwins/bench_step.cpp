#include "masktwins/bench_step.h"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "data/file.h"
#include "masktwins/batch_feed.h"
#include "masktwins/network.h"
#include "masktwins/train_step.h"
#include "tensor/op.h"
#include "tensor/profiler.h"
#include "tensor/synchronize.h"

namespace masktwins {
namespace {

using Clock = std::chrono::steady_clock;

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
         "train.crop=" + std::to_string(options.crop), "train.batch=" + std::to_string(options.batch),
         "uda.mode=" + mode, "uda.class_mix=false", "uda.mask_augment=false"});
  }

  static data::Batch random_batch(const StepBenchOptions& options) {
    const Argument image{{options.batch, 1, options.crop, options.crop}};
    const Argument label{.shape = {options.batch, options.crop, options.crop},
                         .fill = Fill::integers,
                         .high = 2,
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
  const Timing supervised = Bench(options, "source-only").time(options.repeats);
  Bench complete(options, "masktwins");
  const Timing masktwins = complete.time(options.repeats);
  const nlohmann::json json = {{"supervised_s", supervised.best},
                               {"supervised_median_s", supervised.median},
                               {"masktwins_s", masktwins.best},
                               {"masktwins_median_s", masktwins.median},
                               {"peak_mb", peak_megabytes()}};
  if (options.json == "-") {
    std::printf("%s\n", json.dump().c_str());
  } else {
    std::printf("%s, width %lld, crop %lld, batch %lld; best seconds per step (median)\n",
                options.model.c_str(), static_cast<long long>(options.width),
                static_cast<long long>(options.crop), static_cast<long long>(options.batch));
    std::printf("supervised %.3f (%.3f)  masktwins %.3f (%.3f)  peak %.0f MB\n", supervised.best,
                supervised.median, masktwins.best, masktwins.median, peak_megabytes());
    if (!options.json.empty()) data::write_file(options.json, json.dump(2) + "\n");
  }
  if (!options.profile) return;
  Profiler::start();
  complete.step();
  Profiler::stop();
  std::printf("\n%s", profile_table(Profiler::totals()).c_str());
}

}  // namespace masktwins

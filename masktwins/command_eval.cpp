#include <cstdio>

#include "data/file.h"
#include "data/json_text.h"
#include "masktwins/classes.h"
#include "masktwins/commands.h"
#include "masktwins/datasets.h"
#include "masktwins/evaluate.h"
#include "masktwins/network_options.h"
#include "masktwins/progress.h"
#include "masktwins/signals.h"
#include "masktwins/training_picture.h"
#include "tensor/check.h"

namespace masktwins {
namespace {

struct EvalOptions {
  NetworkOptions network;
  std::string json, pictures;
};

void evaluate_run(const EvalOptions& options) {
  const TrainedNetwork network = options.network.load();
  const Config& config = network.config;
  const auto set = open_test(config);
  const data::ClassTable classes = classes_of(config);
  const StopSignals signals;
  const SegmentationFunction function = prediction_with_progress(network);
  Progress progress({.total = set->size(), .plain_every = std::max<int64_t>(1, set->size() / 10)});
  int64_t done = 0;
  const auto on_section = [&](const data::Section& section, const Tensor& probabilities) {
    if (!options.pictures.empty())
      data::write_png(std::filesystem::path(options.pictures) / (section.name + ".png"),
                      evaluation_picture(section.name, section, probabilities, classes.colors));
    progress.update(++done, {});
    if (signals.stop_requested() && done < set->size())
      throw Stopped(concat_text("stopped after ", done, " of ", set->size(), " sections, without scores"));
  };
  const Evaluation evaluation =
      evaluate(function, *set, evaluation_options(config, *network.model), on_section);
  progress.say(network.source + " (" + options.network.checkpoint + ")");
  std::fputs(to_table(evaluation, classes).c_str(), stdout);
  if (!options.json.empty()) data::write_file(options.json, data::json_text(to_json(evaluation, classes)));
}

}  // namespace

void add_eval_command(CLI::App& program) {
  CLI::App* command = program.add_subcommand("eval", "Score a trained network on its test set");
  command->footer(
      "  masktwins eval --run runs/toy\n"
      "  masktwins eval --run runs/toy --checkpoint best --json best.json\n"
      "  masktwins eval --run runs/street --set eval.window=1024 --set eval.stride=512 --set "
      "eval.blend=uniform\n"
      "  masktwins eval --run runs/cells --set eval.size=scaled\n"
      "  masktwins eval --run runs/toy --set data.test.images=other/images --set "
      "data.test.labels=other/labels");
  auto options = std::make_shared<EvalOptions>();
  options->network.add_to(*command);
  command->add_option("--json", options->json, "write all scores to this file");
  command->add_option("--pictures", options->pictures,
                      "write image, truth, prediction and mistakes to this folder");
  command->callback([options] { evaluate_run(*options); });
}

}  // namespace masktwins

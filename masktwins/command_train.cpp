#include <cstdio>

#include "masktwins/commands.h"
#include "masktwins/device_options.h"
#include "masktwins/set_option.h"
#include "masktwins/signals.h"
#include "masktwins/trainer.h"
#include "tensor/check.h"

namespace masktwins {
namespace {

struct TrainOptions {
  std::string config, out;
  std::vector<std::string> overrides;
  bool resume = false, help_keys = false, cuda_graph = false;
  DeviceOptions device;
};

// runs/NAME for NAME.toml.
std::string default_run(const std::string& config) {
  return (std::filesystem::path("runs") / std::filesystem::path(config).stem()).string();
}

void train(const TrainOptions& options) {
  if (options.help_keys) {
    std::fputs(to_toml(Config{}).c_str(), stdout);
    return;
  }
  const Device device = options.device.apply();
  require(!options.config.empty() || (options.resume && !options.out.empty()),
          "train: name a configuration file, or with --resume the run with --out RUN");
  const std::string out = options.out.empty() ? default_run(options.config) : options.out;
  const Config config = options.config.empty() ? RunFolder::open(out).config(options.overrides)
                                               : read_config(options.config, options.overrides);
  require(device == Device::cuda || !options.cuda_graph, "--cuda-graph needs --device cuda");
  Trainer trainer(config, out, options.resume, stderr, device);
  if (options.cuda_graph) trainer.launch_as_graphs();
  if (!trainer.run())
    throw Stopped(concat_text("stopped after step ", trainer.position().step,
                              " and saved; go on with: masktwins train --resume --out ", out));
  std::printf("%s: %lld steps done; masktwins eval --run %s\n", out.c_str(),
              static_cast<long long>(trainer.position().step), out.c_str());
}

}  // namespace

void add_train_command(CLI::App& program) {
  CLI::App* command =
      program.add_subcommand("train", "Train a network on labelled source and unlabelled target images");
  command->footer(
      "  masktwins train configs/toy.toml --out runs/toy\n"
      "  masktwins train configs/toy.toml --set train.lr=1e-3 --set uda.mode=mic\n"
      "  masktwins train --resume --out runs/toy\n"
      "\n"
      "Ctrl-C finishes the step, saves, and says how to go on.");
  auto options = std::make_shared<TrainOptions>();
  command->add_option("CONFIG", options->config,
                      "configuration file (TOML); with --resume by default the run's own");
  add_set_option(*command, options->overrides, "the configuration");
  command->add_option("--out", options->out, "run folder; by default runs/<name of the configuration>");
  command->add_flag("--resume", options->resume, "go on from the last checkpoint, bit for bit");
  command->add_flag("--help-keys", options->help_keys, "print every key with default, meaning and range");
  options->device.add_to(*command);
  command->add_flag("--cuda-graph", options->cuda_graph,
                    "with --device cuda: launch a step's kernels as one graph; the result is the same");
  command->callback([options] { train(*options); });
}

}  // namespace masktwins

#include <cstdio>

#include "data/layout.h"
#include "masktwins/commands.h"
#include "masktwins/progress.h"

namespace masktwins {
namespace {

struct ConvertOptions {
  std::string layout, root, split = "train";
};

void convert(const ConvertOptions& options) {
  std::unique_ptr<Progress> progress;
  const int64_t written =
      data::convert_labels(options.layout, options.root, options.split, [&](int64_t done, int64_t of) {
        if (!progress)
          progress = std::make_unique<Progress>(
              Progress::Options{.total = of, .plain_every = std::max<int64_t>(1, of / 10)});
        progress->update(done, {});
      });
  std::printf("%s: %lld label files written\n", options.root.c_str(), static_cast<long long>(written));
}

}  // namespace

void add_convert_command(CLI::App& program) {
  CLI::App* command = program.add_subcommand(
      "convert", "Write the labels of a street-scene data set as the 19 classes of Cityscapes");
  command->footer(
      "  masktwins convert synthia data/synthia\n"
      "  masktwins convert cityscapes data/cityscapes --split val\n"
      "\n"
      "Writes *_labelTrainIds.png beside every label file; files that are already there are kept. Training\n"
      "does not need it, but reads these faster than the published files.");
  auto options = std::make_shared<ConvertOptions>();
  command->add_option("LAYOUT", options->layout, "cityscapes, gta, synthia, acdc or dark_zurich")
      ->required()
      ->check(CLI::IsMember(data::layout_names()));
  command->add_option("ROOT", options->root, "folder of the data set")->required();
  command->add_option("--split", options->split, "train or val, where there are splits")
      ->capture_default_str();
  command->callback([options] { convert(*options); });
}

}  // namespace masktwins

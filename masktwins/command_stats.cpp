#include <cstdio>

#include "masktwins/classes.h"
#include "masktwins/commands.h"
#include "masktwins/datasets.h"
#include "masktwins/progress.h"
#include "masktwins/set_option.h"

namespace masktwins {
namespace {

struct StatsOptions {
  std::string config, out;
  std::vector<std::string> overrides;
};

// Share of the labelled pixels, number of files and probability of being drawn, class by class.
void print_table(const data::ClassStatistics& statistics, const Config& config) {
  const data::ClassTable classes = classes_of(config);
  std::vector<int64_t> pixels(static_cast<std::size_t>(classes.size())), files(pixels.size());
  int64_t total = 0;
  for (const data::FileStatistics& entry : statistics)
    for (const auto& [label, count] : entry.pixels) {
      pixels[static_cast<std::size_t>(label)] += count;
      files[static_cast<std::size_t>(label)] += count > config.train.rare_class_min_pixels;
      total += count;
    }
  const std::vector<double> probability =
      data::rare_class_probabilities(pixels, config.train.rare_class_temperature);
  std::printf("pixels, %%   files  drawn, %%  class (files with more than %lld pixels of it)\n",
              static_cast<long long>(config.train.rare_class_min_pixels));
  for (std::size_t c = 0; c < pixels.size(); ++c)
    std::printf("%9.3f %7lld %9.3f  %s\n", 100 * static_cast<double>(pixels[c]) / static_cast<double>(total),
                static_cast<long long>(files[c]), 100 * probability[c], classes.names[c].c_str());
}

void write_statistics(const StatsOptions& options) {
  const Config config = read_config(options.config, options.overrides);
  const std::filesystem::path folder =
      options.out.empty() ? statistics_folder(config) : std::filesystem::path(options.out);
  const auto source = open_source(config);
  data::ClassStatistics statistics;
  {
    Progress progress({.total = source->size(), .plain_every = std::max<int64_t>(1, source->size() / 10)});
    statistics = data::count_classes(*source, [&](int64_t done) { progress.update(done, {}); });
  }
  data::write_class_statistics(folder, statistics);
  data::read_class_statistics(folder, config.model.classes);
  print_table(statistics, config);
  std::printf("%s: statistics of %lld label files\n", folder.c_str(),
              static_cast<long long>(statistics.size()));
}

}  // namespace

void add_stats_command(CLI::App& program) {
  CLI::App* command =
      program.add_subcommand("stats", "Count the classes in the source labels, for rare-class sampling");
  command->footer(
      "  masktwins stats configs/gta-to-cityscapes/masktwins.toml\n"
      "\n"
      "Writes sample_class_stats.json, sample_class_stats_dict.json and samples_with_class.json, in the "
      "form\n"
      "that DAFormer, HRDA and MIC use, into data.source.statistics or the root of the source.");
  auto options = std::make_shared<StatsOptions>();
  command->add_option("CONFIG", options->config, "configuration file (TOML)")->required();
  add_set_option(*command, options->overrides, "the configuration");
  command->add_option("--out", options->out, "another folder for the files");
  command->callback([options] { write_statistics(*options); });
}

}  // namespace masktwins

#include <cstdio>
#include <filesystem>

#include "data/file.h"
#include "data/synthetic.h"
#include "masktwins/commands.h"
#include "masktwins/config.h"
#include "tensor/check.h"

namespace masktwins {
namespace {

struct SynthOptions {
  std::string out;
  data::SyntheticOptions sections;
};

// A configuration that trains on the written sets within minutes on a laptop.
Config config_for(const std::string& folder, int64_t size) {
  Config config;
  config.model.width = 16;
  config.data.class_names = {"background", "mitochondrion"};
  config.data.source.images = {folder + "/source/images"};
  config.data.source.labels = {folder + "/source/labels"};
  config.data.target.images = {folder + "/target/images"};
  config.data.test.images = {folder + "/test/images"};
  config.data.test.labels = {folder + "/test/labels"};
  config.train.iterations = 2000;
  config.train.crop = std::min<int64_t>(128, size / 16 * 16);
  config.train.lr = 1e-3;
  config.train.checkpoint_every = config.train.evaluate_every = config.train.picture_every = 500;
  config.uda.mask_block = 16;
  config.uda.ema_alpha = 0.99;
  config.uda.start = 200;
  return config;
}

void synthesise(const SynthOptions& options) {
  const std::string config = options.out + "/config.toml";
  require(!std::filesystem::exists(config), options.out, ": already holds a data set; choose another --out");
  data::write_synthetic(options.out, options.sections);
  data::write_file(config, to_toml(config_for(options.out, options.sections.size)));
  std::printf("%s: %lld source, %lld target, %lld test sections; train with: masktwins train %s --out RUN\n",
              options.out.c_str(), static_cast<long long>(options.sections.source_sections),
              static_cast<long long>(options.sections.target_sections),
              static_cast<long long>(options.sections.test_sections), config.c_str());
}

}  // namespace

void add_synth_command(CLI::App& program) {
  CLI::App* command =
      program.add_subcommand("synth", "Draw two synthetic microscopy domains with exact labels");
  command->footer(
      "masktwins synth --out toy\n"
      "masktwins synth --out toy --size 256 --seed 7 --source 40 --target 40 --test 10\n"
      "\n"
      "Writes OUT/{source,target,test}/{images,labels} and OUT/config.toml, ready to train.");
  auto options = std::make_shared<SynthOptions>();
  data::SyntheticOptions& sections = options->sections;
  command->add_option("--out", options->out, "folder")->required();
  command->add_option("--size", sections.size, "side of the square sections")
      ->check(CLI::Range(64, 8192))
      ->capture_default_str();
  command->add_option("--seed", sections.seed, "of every random draw")->capture_default_str();
  command->add_option("--source", sections.source_sections, "labelled sections")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  command->add_option("--target", sections.target_sections, "sections of the other domain")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  command->add_option("--test", sections.test_sections, "sections of the other domain for evaluation")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  command->callback([options] { synthesise(*options); });
}

}  // namespace masktwins

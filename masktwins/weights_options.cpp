#include "masktwins/weights_options.h"

#include "masktwins/network.h"
#include "masktwins/run_folder.h"

namespace masktwins {

void ModelChoice::add_to(CLI::App& command) {
  auto* model_option = command.add_option("--model", model, "name of a network, as model.name");
  command.add_option("--run", run, "run folder of train, whose network is meant")->excludes(model_option);
  command.add_option("--set", overrides, "key=value, changes the network's configuration; may be repeated")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void add_network_option(CLI::App& command, Network& network) {
  const std::map<std::string, Network> names = {
      {"student", Network::student}, {"teacher", Network::teacher}, {"imagenet", Network::imagenet}};
  command.add_option("--network", network, "which of a checkpoint's networks: student, teacher or imagenet")
      ->transform(CLI::CheckedTransformer(names));
}

std::unique_ptr<nn::SegmentationModel> ModelChoice::build() const {
  if (!run.empty()) return build_network(RunFolder::open(run).config(overrides));
  const std::string defaults = "[model]\nin_channels = 3\nclasses = 19\n";
  std::vector<std::string> settings = {"model.name=" + model};
  settings.insert(settings.end(), overrides.begin(), overrides.end());
  return build_network(parse_config(defaults, "--model", settings));
}

}  // namespace masktwins

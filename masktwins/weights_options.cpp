#include "masktwins/weights_options.h"

#include "masktwins/network.h"
#include "masktwins/set_option.h"

namespace masktwins {

void ModelChoice::add_to(CLI::App& command) {
  auto* model_option = command.add_option("--model", model, "name of a network, as model.name");
  command.add_option("--run", run, "run folder of train or a configuration file, whose network is meant")
      ->excludes(model_option);
  add_set_option(command, overrides, "the network's configuration");
}

void add_network_option(CLI::App& command, Network& network) {
  const std::map<std::string, Network> networks = {
      {"student", Network::student}, {"teacher", Network::teacher}, {"imagenet", Network::imagenet}};
  const auto choose = [networks, &network](const std::string& name) { network = networks.at(name); };
  command.add_option_function<std::string>("--network", choose, "which of a checkpoint's networks")
      ->check(CLI::IsMember(networks))
      ->default_str("student");
}

std::unique_ptr<nn::SegmentationModel> ModelChoice::build() const {
  if (!run.empty()) return build_network(config_of(run, overrides));
  const std::string defaults = "[model]\nin_channels = 3\nclasses = 19\n";
  std::vector<std::string> settings = {"model.name=" + model};
  settings.insert(settings.end(), overrides.begin(), overrides.end());
  return build_network(parse_config(defaults, "--model", settings));
}

}  // namespace masktwins

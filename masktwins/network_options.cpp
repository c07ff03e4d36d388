#include "masktwins/network_options.h"

#include "masktwins/set_option.h"

namespace masktwins {

void NetworkOptions::add_to(CLI::App& command) {
  command.add_option("--run", run, "run folder of train, or a configuration file")->required();
  command.add_option("--checkpoint", checkpoint, "student, teacher, best, or a file of weights")
      ->capture_default_str();
  add_set_option(command, overrides, "the run's configuration");
  device.add_to(command);
}

TrainedNetwork NetworkOptions::load() const {
  return load_trained_network(run, checkpoint, overrides, device.apply());
}

}  // namespace masktwins

#include "masktwins/network_options.h"

#include <algorithm>
#include <optional>

#include "masktwins/progress.h"
#include "masktwins/set_option.h"
#include "masktwins/signals.h"

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

SegmentationFunction prediction_with_progress(const TrainedNetwork& network) {
  std::optional<Progress> progress;
  return prediction_function(network.config, *network.model, [&](int64_t done, int64_t total) {
    if (StopSignals::stop_requested()) throw Stopped("stopped while counting class shares, without a result");
    if (done > 0) progress->update(done, {});
    else
      progress.emplace(Progress::Options{
          .title = "class shares ", .total = total, .plain_every = std::max<int64_t>(1, total / 10)});
  });
}

}  // namespace masktwins

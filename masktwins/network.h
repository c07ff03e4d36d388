// Networks as a configuration describes them, and with the parameters of a finished run.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "masktwins/config.h"
#include "masktwins/predict.h"
#include "masktwins/share_matching.h"
#include "nn/segmentation_model.h"

namespace masktwins {

// With fresh parameters drawn from config.seed.
std::unique_ptr<nn::SegmentationModel> build_network(const Config& config, Device device = Device::cpu);

// The configuration of a run folder, or the file itself. `overrides` change it as in read_config.
Config config_of(const std::string& run, const std::vector<std::string>& overrides = {});

struct TrainedNetwork {
  Config config;
  std::unique_ptr<nn::SegmentationModel> model;
  std::string source;  // where the parameters come from, for people
};

// The network of a run folder, or of a configuration file with the weights of a file. `checkpoint` is
// "student" or "teacher" (of the last checkpoint), "best" (the student with the best evaluation) or a file.
TrainedNetwork load_trained_network(const std::string& run, const std::string& checkpoint,
                                    const std::vector<std::string>& overrides = {},
                                    Device device = Device::cpu);

// The network as a function of images, in evaluation mode and without a graph. Images and logits lie on the
// CPU, whatever the network's device. The model must outlive it.
SegmentationFunction evaluation_function(nn::SegmentationModel& model);

// The same as predictions for people use it: averaged over eval.orientations (orientations.h), its logits
// shifted by `shares`, if there are any.
SegmentationFunction prediction_function(const Config& config, nn::SegmentationModel& model,
                                         const std::optional<ShareMatching>& shares,
                                         const ShareMatching::OnSection& on_section = {});
// With eval.match_shares those of the configuration's source and target.
SegmentationFunction prediction_function(const Config& config, nn::SegmentationModel& model,
                                         const ShareMatching::OnSection& on_section = {});

// How large images are cut for this network.
WindowOptions window_options(const Config& config, const nn::SegmentationModel& model);

}  // namespace masktwins

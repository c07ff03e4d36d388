#include "masktwins/network.h"

#include "masktwins/checkpoint.h"
#include "masktwins/datasets.h"
#include "masktwins/orientations.h"
#include "masktwins/run_folder.h"
#include "tensor/autograd.h"

namespace masktwins {

std::unique_ptr<nn::SegmentationModel> build_network(const Config& config, Device device) {
  const ModelConfig& model = config.model;
  auto network = nn::build_model(model.name, {.width = model.width,
                                              .norm = model.norm,
                                              .in_channels = model.in_channels,
                                              .classes = model.classes,
                                              .seed = static_cast<uint32_t>(config.seed),
                                              .drop_path = model.drop_path,
                                              .dropout = model.dropout,
                                              .checkpoint_blocks = model.checkpoint_blocks,
                                              .head_channels = model.head_channels,
                                              .fusion = model.fusion,
                                              .hr_crop = model.hr_crop});
  network->to(device);
  return network;
}

namespace {

// The file that --checkpoint means for a run.
std::filesystem::path checkpoint_file(const CheckpointFolder& files, const std::string& checkpoint) {
  std::filesystem::path file = checkpoint;
  if (checkpoint == "student" || checkpoint == "teacher") file = files.last();
  if (checkpoint == "best") file = files.best();
  require(std::filesystem::exists(file), file.string(), ": no such checkpoint; ",
          checkpoint == "best" ? "the run has not been evaluated yet"
                               : "--checkpoint takes student, teacher, best or a file");
  return file;
}

}  // namespace

Config config_of(const std::string& run, const std::vector<std::string>& overrides) {
  return std::filesystem::is_regular_file(run) ? read_config(run, overrides)
                                               : RunFolder::open(run).config(overrides);
}

TrainedNetwork load_trained_network(const std::string& run, const std::string& checkpoint,
                                    const std::vector<std::string>& overrides, Device device) {
  TrainedNetwork result;
  result.config = config_of(run, overrides);
  std::filesystem::path file = checkpoint;
  if (std::filesystem::is_regular_file(run))
    require(std::filesystem::is_regular_file(file), run,
            ": is a configuration without a run; name a file of weights with --checkpoint");
  else file = checkpoint_file({RunFolder::open(run).checkpoints()}, checkpoint);
  result.model = build_network(result.config, device);
  result.source = file.string();
  load_network(file, checkpoint == "teacher" ? Network::teacher : Network::student, *result.model);
  return result;
}

SegmentationFunction evaluation_function(nn::SegmentationModel& model) {
  return [&model](const Tensor& images) {
    const NoGrad no_grad;
    const bool training = model.training();
    model.set_training(false);
    const Tensor logits = model.forward(images.to(model.device()));
    model.set_training(training);
    return logits.to(Device::cpu);
  };
}

SegmentationFunction prediction_function(const Config& config, nn::SegmentationModel& model,
                                         const std::optional<ShareMatching>& shares,
                                         const ShareMatching::OnSection& on_section) {
  SegmentationFunction function = evaluation_function(model);
  if (config.eval.orientations != "one")
    function = average_orientations(
        function, config.eval.orientations == "all" ? Orientations::all : Orientations::mirrored);
  return shares ? shares->match(function, window_options(config, model), on_section) : function;
}

SegmentationFunction prediction_function(const Config& config, nn::SegmentationModel& model,
                                         const ShareMatching::OnSection& on_section) {
  std::optional<ShareMatching> shares;
  if (config.eval.match_shares) {
    try {
      const auto source = open_source(config);
      shares.emplace(*source, open_target(config), config.model.classes);
    } catch (const Error& error) {
      fail(error.what(),
           "; eval.match_shares looks at the sets of the training, from the folder where it was started: go "
           "there, or predict without it by --set eval.match_shares=false");
    }
  }
  return prediction_function(config, model, shares, on_section);
}

WindowOptions window_options(const Config& config, const nn::SegmentationModel& model) {
  WindowOptions options;
  options.multiple = model.size_multiple();
  options.window = config.eval.window > 0 ? config.eval.window : config.train.crop;
  options.stride = config.eval.stride;
  options.whole_pixels = config.eval.whole_pixels;
  options.pad_rows = config.eval.pad_rows;
  options.pad_columns = config.eval.pad_columns;
  options.blend = config.eval.blend == "uniform" ? Blend::uniform : Blend::gaussian;
  return options;
}

}  // namespace masktwins

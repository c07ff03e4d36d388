#include <cstdio>
#include <set>

#include "masktwins/classes.h"
#include "masktwins/commands.h"
#include "masktwins/datasets.h"
#include "masktwins/network_options.h"
#include "masktwins/pictures.h"
#include "masktwins/progress.h"
#include "masktwins/signals.h"
#include "tensor/check.h"

namespace masktwins {
namespace {

namespace fs = std::filesystem;

struct PredictOptions {
  NetworkOptions network;
  std::string out, export_ids;
  std::vector<std::string> images;
};

// Of the foreground with two classes, of the predicted class with more.
std::vector<float> shown_probability(const Tensor& probabilities) {
  const ImageSize size = image_size(probabilities, "predict");
  std::vector<float> shown;
  const float* pixel = probabilities.data<float>();
  for (int64_t i = 0; i < size.height * size.width; ++i, pixel += size.channels)
    shown.push_back(size.channels == 2 ? pixel[1] : *std::max_element(pixel, pixel + size.channels));
  return shown;
}

// Classes as the values that label files of this configuration use for them (the smallest if there are
// several).
data::LabelMap as_label_values(data::LabelMap labels, const std::map<int64_t, int64_t>& class_of_value) {
  std::map<int64_t, int64_t> value_of_class;
  for (const auto& [value, label] : class_of_value)
    if (value < 256) value_of_class.emplace(label, value);
  for (uint8_t& label : labels.classes)
    if (const auto found = value_of_class.find(label); found != value_of_class.end())
      label = static_cast<uint8_t>(found->second);
  return labels;
}

// What a benchmark's server wants: NAME.png, grey, with classes or with the label ids of their table.
void write_export(const fs::path& stem, data::LabelMap labels, const std::string& ids,
                  const data::ClassTable& classes) {
  if (ids == "label")
    for (uint8_t& label : labels.classes) label = classes.label_ids[label];
  data::write_png(stem.string() + ".png", labels);
}

void write_prediction(const fs::path& stem, const data::Section& section, const Tensor& probabilities,
                      const Config& config, const data::ClassTable& classes) {
  const data::LabelMap labels = predicted_classes(probabilities, 0);
  data::Image picture = section.image;
  for (float& value : picture.pixels) value *= 255;
  data::write_png(stem.string() + "_mask.png", as_label_values(labels, config.data.label_values));
  data::write_probability_png(stem.string() + "_probability.png", labels.height, labels.width,
                              shown_probability(probabilities).data());
  data::write_png(stem.string() + "_overlay.png", overlay(picture, labels, classes.colors));
  if (classes.size() > 2)
    data::write_png(stem.string() + "_color.png", class_picture(labels, classes.colors));
}

void predict(const PredictOptions& options) {
  const TrainedNetwork network = options.network.load();
  const Config& config = network.config;
  const data::ClassTable classes = classes_of(config);
  require(options.export_ids != "label" || !classes.label_ids.empty(),
          "predict: this network's classes have no label ids; --export-ids label needs data.class_table = ",
          "\"cityscapes\"");
  DatasetConfig images;
  images.images = options.images;
  images.scale = config.data.test.scale;
  images.long_side = config.data.test.long_side;
  images.short_side = config.data.test.short_side;
  data::DatasetOptions set_options = dataset_options(config, images, /*labelled=*/false);
  const data::Dataset scaled(set_options);
  set_options.scale = 1;
  set_options.long_side = set_options.short_side = 0;
  const data::Dataset original(set_options);
  // Servers want all files in one folder.
  const auto output_name = [&](int64_t i) {
    const fs::path name = original.name(i);
    return options.export_ids.empty() ? name : name.filename();
  };
  std::set<fs::path> names;
  for (int64_t i = 0; i < original.size(); ++i)
    require(names.insert(output_name(i)).second, "predict: two images are called ", output_name(i).string(),
            "; predict them into different folders");

  const WindowOptions windows = window_options(config, *network.model);
  const StopSignals signals;
  const SegmentationFunction function = prediction_with_progress(network);
  Progress progress({.total = original.size(), .plain_every = std::max<int64_t>(1, original.size() / 10)});
  for (int64_t i = 0; i < original.size(); ++i) {
    const Tensor probabilities =
        predict_probabilities(function, data::image_tensor(*scaled.section(i)), windows,
                              PixelSize{original.height(i), original.width(i)});
    const fs::path stem = options.out / output_name(i);
    if (options.export_ids.empty())
      write_prediction(stem, *original.section(i), probabilities, config, classes);
    else write_export(stem, predicted_classes(probabilities, 0), options.export_ids, classes);
    progress.update(i + 1, {});
    if (signals.stop_requested() && i + 1 < original.size())
      throw Stopped(concat_text("stopped: the first ", i + 1, " of ", original.size(), " images are in ",
                                options.out, ", complete"));
  }
}

}  // namespace

void add_predict_command(CLI::App& program) {
  CLI::App* command = program.add_subcommand("predict", "Segment images of any size with a trained network");
  command->footer(
      "  masktwins predict --run runs/toy section1.png section2.png --out out\n"
      "  masktwins predict --run runs/toy stack.tif --out out --checkpoint best\n"
      "  masktwins predict --run runs/street data/acdc/rgb_anon/test --out submission --export-ids train\n"
      "\n"
      "Writes NAME_mask.png (label values), NAME_probability.png (16 bit), NAME_overlay.png and, with more\n"
      "than two classes, NAME_color.png for each image; with --export-ids NAME.png alone, as the servers of\n"
      "Cityscapes (label), ACDC and Dark Zurich (train) want it.");
  auto options = std::make_shared<PredictOptions>();
  options->network.add_to(*command);
  command->add_option("IMAGE", options->images, "image files, TIFF stacks, or folders of them")->required();
  command->add_option("--out", options->out, "folder for the results")->required();
  command
      ->add_option("--export-ids", options->export_ids, "write predictions for a server: train or label ids")
      ->check(CLI::IsMember({"train", "label"}));
  command->callback([options] { predict(*options); });
}

}  // namespace masktwins

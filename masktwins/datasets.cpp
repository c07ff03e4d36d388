#include "masktwins/datasets.h"

#include "tensor/check.h"

namespace masktwins {

data::DatasetOptions dataset_options(const Config& config, const DatasetConfig& set) {
  data::DatasetOptions options;
  options.images.assign(set.images.begin(), set.images.end());
  options.labels.assign(set.labels.begin(), set.labels.end());
  options.image_suffix = set.image_suffix;
  options.label_suffix = set.label_suffix;
  options.include = set.include;
  options.exclude = set.exclude;
  options.first = set.first;
  options.count = set.count;
  options.channels = config.model.in_channels;
  options.scale = config.data.scale * set.scale;
  options.normalisation = data::parse_normalisation(config.data.normalize);
  std::optional<int64_t> otherwise;
  if (config.data.other_label_value >= 0) otherwise = config.data.other_label_value;
  options.label_values = data::LabelValues(config.model.classes, config.data.label_values, otherwise);
  return options;
}

std::shared_ptr<const data::Dataset> open_dataset(const Config& config, const DatasetConfig& set,
                                                  const std::string& name) {
  require(!set.images.empty(), name,
          ".images is not set; name the folder in the configuration or with --set ", name, ".images=FOLDER");
  return std::make_shared<const data::Dataset>(dataset_options(config, set));
}

}  // namespace masktwins

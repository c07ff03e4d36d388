#include "masktwins/datasets.h"

#include "data/layout.h"
#include "masktwins/classes.h"
#include "tensor/check.h"

namespace masktwins {
namespace {

data::LabelValues label_values(const Config& config, const DatasetConfig& set) {
  std::optional<int64_t> otherwise;
  if (config.data.other_label_value >= 0) otherwise = config.data.other_label_value;
  return {config.model.classes, set.label_values.empty() ? config.data.label_values : set.label_values,
          otherwise};
}

bool is_given(const DatasetConfig& set) {
  return set.layout == "folder" ? !set.images.empty() : !set.root.empty();
}

// `name` is that of the keys, "data.source".
std::shared_ptr<const data::Dataset> open(const Config& config, const DatasetConfig& set,
                                          const std::string& name, bool labelled) {
  const std::string key = name + (set.layout == "folder" ? ".images" : ".root");
  require(is_given(set), key, " is not set; name the folder in the configuration or with --set ", key,
          "=FOLDER");
  auto dataset = std::make_shared<const data::Dataset>(dataset_options(config, set, labelled));
  require(dataset->labelled() || !labelled, name, ".labels is not set; only the target set goes without");
  return dataset;
}

}  // namespace

data::DatasetOptions dataset_options(const Config& config, const DatasetConfig& set, bool labelled) {
  data::DatasetOptions options;
  if (set.layout == "folder") {
    options.images.assign(set.images.begin(), set.images.end());
    options.labels.assign(set.labels.begin(), set.labels.end());
    options.image_suffix = set.image_suffix;
    options.label_suffix = set.label_suffix;
    options.label_values = label_values(config, set);
  } else {
    data::apply_layout(set.layout, set.root, set.split,
                       labelled ? data::LabelFiles::converted_if_there : data::LabelFiles::none, options);
  }
  options.include = set.include;
  options.exclude = set.exclude;
  options.first = set.first;
  options.count = set.count;
  options.channels = config.model.in_channels;
  options.long_side = set.long_side;
  options.short_side = set.short_side;
  options.scale = config.data.scale * set.scale;
  options.normalisation = data::parse_normalisation(config.data.normalize);
  options.margins = {set.margin_top, set.margin_bottom, set.margin_left, set.margin_right};
  options.cache_bytes = config.data.cache_mb << 20;
  return options;
}

std::shared_ptr<const data::Dataset> open_source(const Config& config) {
  return open(config, config.data.source, "data.source", /*labelled=*/true);
}

std::shared_ptr<const data::Dataset> open_target(const Config& config) {
  return open(config, config.data.target, "data.target", /*labelled=*/false);
}

std::shared_ptr<const data::Dataset> open_test(const Config& config) {
  return open(config, config.data.test, "data.test", /*labelled=*/true);
}

bool has_test(const Config& config) { return is_given(config.data.test); }

std::filesystem::path statistics_folder(const Config& config) {
  const DatasetConfig& source = config.data.source;
  require(!source.statistics.empty() || !source.root.empty(),
          "data.source.statistics is not set; name the folder of the class statistics, "
          "and fill it with: masktwins stats CONFIG");
  return source.statistics.empty() ? source.root : source.statistics;
}

std::shared_ptr<const data::RareClasses> open_rare_classes(const Config& config,
                                                           const data::Dataset& source) {
  const TrainConfig& train = config.train;
  if (!train.rare_classes) return nullptr;
  const int64_t classes = config.model.classes;
  return std::make_shared<const data::RareClasses>(
      source, data::read_class_statistics(statistics_folder(config), classes), classes,
      data::RareClassOptions{train.rare_class_min_pixels, train.rare_class_temperature,
                             train.rare_class_min_crop_ratio, classes_of(config).names});
}

}  // namespace masktwins

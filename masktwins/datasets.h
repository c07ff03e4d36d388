// The sets of a configuration.
#pragma once

#include <memory>
#include <string>

#include "data/dataset.h"
#include "data/rare_classes.h"
#include "masktwins/config.h"

namespace masktwins {

// What the keys of the set say. The labels of a layout are looked for only if `labelled`.
data::DatasetOptions dataset_options(const Config& config, const DatasetConfig& set, bool labelled);

// Error if the key that says where the images or labels lie is not set.
std::shared_ptr<const data::Dataset> open_source(const Config& config);
std::shared_ptr<const data::Dataset> open_target(const Config& config);
std::shared_ptr<const data::Dataset> open_test(const Config& config);
bool has_test(const Config& config);

// Where the class statistics of the source lie. Error if neither data.source.statistics nor data.source.root
// says it.
std::filesystem::path statistics_folder(const Config& config);
// From the statistics; null without train.rare_classes.
std::shared_ptr<const data::RareClasses> open_rare_classes(const Config& config, const data::Dataset& source);

}  // namespace masktwins

// The sets of a configuration.
#pragma once

#include <memory>
#include <string>

#include "data/dataset.h"
#include "masktwins/config.h"

namespace masktwins {

// What the keys of the set say.
data::DatasetOptions dataset_options(const Config& config, const DatasetConfig& set);

// `name` is that of the keys, "data.source". Error if the set names no images.
std::shared_ptr<const data::Dataset> open_dataset(const Config& config, const DatasetConfig& set,
                                                  const std::string& name);

}  // namespace masktwins

// Names and colours of the classes of a configuration.
#pragma once

#include "data/class_table.h"
#include "masktwins/config.h"

namespace masktwins {

// data.class_table with what data.class_names and data.class_colors say instead; without any of them numbers
// as names and class_colors(). Error if their sizes differ from model.classes or a colour is not "#rrggbb".
data::ClassTable classes_of(const Config& config);

}  // namespace masktwins

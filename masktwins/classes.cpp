#include "masktwins/classes.h"

#include <charconv>

#include "masktwins/pictures.h"
#include "tensor/check.h"

namespace masktwins {
namespace {

Color parse_color(const std::string& text) {
  uint32_t value = 0;
  const char* end = text.data() + text.size();
  const bool right = text.size() == 7 && text[0] == '#';
  const auto parsed = std::from_chars(text.data() + (right ? 1 : 0), end, value, 16);
  require(right && parsed.ec == std::errc() && parsed.ptr == end, "data.class_colors: '", text,
          "' is no colour; write red, green and blue as \"#rrggbb\"");
  return {static_cast<uint8_t>(value >> 16), static_cast<uint8_t>(value >> 8), static_cast<uint8_t>(value)};
}

}  // namespace

data::ClassTable classes_of(const Config& config) {
  const DataConfig& keys = config.data;
  const int64_t classes = config.model.classes;
  const auto require_size = [&](const std::string& key, const char* what, std::size_t size) {
    require(static_cast<int64_t>(size) == classes, key, " has ", size, " ", what, ", but model.classes is ",
            classes);
  };
  data::ClassTable table;
  if (keys.class_table != "none") {
    table = data::class_table(keys.class_table);
    require_size("data.class_table = \"" + keys.class_table + "\"", "classes", table.names.size());
  }
  if (!keys.class_names.empty()) table.names = keys.class_names;
  if (!keys.class_colors.empty()) {
    table.colors.clear();
    for (const std::string& color : keys.class_colors) table.colors.push_back(parse_color(color));
  }
  if (table.names.empty())
    for (int64_t label = 0; label < classes; ++label) table.names.push_back(std::to_string(label));
  if (table.colors.empty()) table.colors = class_colors(classes);
  require_size("data.class_names", "names", table.names.size());
  require_size("data.class_colors", "colours", table.colors.size());
  return table;
}

}  // namespace masktwins

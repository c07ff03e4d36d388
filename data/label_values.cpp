#include "data/label_values.h"

#include "tensor/check.h"

namespace masktwins::data {
namespace {

std::map<int64_t, int64_t> identity(int64_t classes) {
  require(classes >= 1 && classes <= ignore_class, "data.classes: must be in [1, 255], got ", classes);
  std::map<int64_t, int64_t> map{{ignore_class, ignore_class}};
  for (int64_t c = 0; c < classes; ++c) map[c] = c;
  return map;
}

int16_t checked_class(int64_t value, int64_t classes) {
  require((value >= 0 && value < classes) || value == ignore_class, "data.label_values: class ", value,
          " does not exist; use 0 to ", classes - 1, ", or 255 to ignore");
  return static_cast<int16_t>(value);
}

}  // namespace

LabelValues::LabelValues(int64_t classes) : LabelValues(classes, identity(classes)) {}

LabelValues::LabelValues(int64_t classes, const std::map<int64_t, int64_t>& class_of_value,
                         std::optional<int64_t> otherwise) {
  classes_.fill(otherwise ? checked_class(*otherwise, classes) : unknown);
  for (const auto& [value, label] : class_of_value) {
    require(value >= 0 && value <= 65535, "data.label_values: value ", value, " is not in [0, 65535]");
    classes_[static_cast<std::size_t>(value)] = checked_class(label, classes);
  }
}

std::string LabelValues::known_values() const {
  std::string text;
  int64_t listed = 0;
  for (std::size_t value = 0; value < classes_.size() && listed < 20; ++value)
    if (classes_[value] != unknown) text += (listed++ ? ", " : "") + std::to_string(value);
  return listed < 20 ? text : text + ", ...";
}

LabelValues LabelValues::with_advice(std::string advice) && {
  advice_ = std::move(advice);
  return std::move(*this);
}

LabelMap LabelValues::apply(const Image& image, const std::string& name) const {
  LabelMap labels{image.height, image.width, {}};
  labels.classes.reserve(static_cast<std::size_t>(image.height * image.width));
  for (int64_t row = 0; row < image.height; ++row)
    for (int64_t column = 0; column < image.width; ++column) {
      const float* pixel = image.at(row, column);
      require(image.channels == 1 || (pixel[0] == pixel[1] && pixel[0] == pixel[2]), name, ": coloured (row ",
              row, ", column ", column, "); a label file must be grey with one value per class");
      const auto value = static_cast<std::size_t>(pixel[0]);
      const int16_t label = classes_[value];
      if (label == unknown)
        fail(name, ": value ", value, " at row ", row, ", column ", column,
             " has no class (known values: ", known_values(), "); ", advice_);
      labels.classes.push_back(static_cast<uint8_t>(label));
    }
  return labels;
}

}  // namespace masktwins::data

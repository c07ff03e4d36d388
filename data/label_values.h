// Which class each value of a label file means (config key data.label_values), for example 0 = background and
// 255 = mitochondrion. Class 255 is ignored by every loss and metric.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "data/image.h"

namespace masktwins::data {

class LabelValues {
 public:
  // Values are classes already: 0 to `classes` - 1, and 255 to ignore.
  explicit LabelValues(int64_t classes);
  // `otherwise` is the class of every value that the map does not name, for example all instance numbers
  // above zero; without it such a value is an error. Error if a value is not in [0, 65535] or a class neither
  // in [0, classes) nor 255.
  LabelValues(int64_t classes, const std::map<int64_t, int64_t>& class_of_value,
              std::optional<int64_t> otherwise = {});

  // What a person should do about an unknown value, the end of the error; by default a word on
  // data.label_values.
  LabelValues with_advice(std::string advice) &&;

  // `image` holds stored values; it must be grey, or RGB with three equal channels. `name` appears in errors.
  LabelMap apply(const Image& image, const std::string& name) const;

 private:
  std::string known_values() const;

  static constexpr int16_t unknown = -1;
  std::array<int16_t, 65536> classes_;
  std::string advice_ = "add it to data.label_values, with class 255 to ignore it";
};

}  // namespace masktwins::data

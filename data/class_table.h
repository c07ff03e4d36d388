// The classes of well-known tasks: names, colours, and the groups whose mean IoU is published.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "data/image.h"

namespace masktwins::data {

// "16 classes" of SYNTHIA, for example.
struct ClassGroup {
  std::string name;
  std::vector<int64_t> classes;
};

struct ClassTable {
  std::vector<std::string> names;
  std::vector<Color> colors;
  std::vector<ClassGroup> groups;  // may be empty
  // What the benchmark's server wants in a prediction instead of the class; may be empty.
  std::vector<uint8_t> label_ids;

  int64_t size() const { return static_cast<int64_t>(names.size()); }
};

// "cityscapes": the 19 classes of Cityscapes, GTA5, SYNTHIA, ACDC and Dark Zurich (train ids) with the 16 and
// 13 classes scored for SYNTHIA; "camvid": the 11 classes of SegNet's version. Error for another name.
const ClassTable& class_table(const std::string& name);

}  // namespace masktwins::data

// How many pixels of each class each label file of a set has: what rare-class sampling needs. Kept in three
// files that DAFormer, HRDA and MIC read and write too:
//   sample_class_stats.json       [{"0": pixels, "7": pixels, "file": path}, ...], only classes in the file
//   sample_class_stats_dict.json  {path: {class: pixels}}
//   samples_with_class.json       {class: [[path, pixels], ...]}
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "data/dataset.h"

namespace masktwins::data {

struct FileStatistics {
  std::string file;                   // path of the label file
  std::map<int64_t, int64_t> pixels;  // by class, none of them zero; ignored pixels do not count
};
using ClassStatistics = std::vector<FileStatistics>;

// Reads every label file of the set once, at its own size. Calls on_file(done) after each.
ClassStatistics count_classes(const Dataset& dataset, const std::function<void(int64_t done)>& on_file = {});

// Each of the three files appears complete or not at all. Error, and no file, if every pixel has the same
// class: then the labels were misread.
void write_class_statistics(const std::filesystem::path& folder, const ClassStatistics& statistics);

// Error with one line if a file is missing, empty, not JSON or not of this form, if a class is not below
// `classes`, if every pixel has the same class (label files that were misread give such files), or if the
// files contradict each other.
ClassStatistics read_class_statistics(const std::filesystem::path& folder, int64_t classes);

}  // namespace masktwins::data

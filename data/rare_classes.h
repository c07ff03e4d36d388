// Rare-class sampling (Hoyer et al., "DAFormer", CVPR 2022, section 3.2): a class is drawn first, the rarer
// the likelier, then an image that shows it, then a crop that still does.
#pragma once

#include <string>
#include <vector>

#include "data/class_statistics.h"
#include "data/draws.h"

namespace masktwins::data {

struct RareClassOptions {
  int64_t min_pixels = 3000;  // an image shows a class with more pixels than this, counted in its label file
  double temperature = 0.01;
  double min_crop_ratio = 2;             // a crop shows it with more than this times min_pixels
  std::vector<std::string> class_names;  // for messages; may be empty
};

// P(c) = exp((1 - f_c) / T) / sum over the classes that occur, with f_c the share of class c among all
// labelled pixels. `pixels[c]` counts class c; classes without pixels get probability 0.
std::vector<double> rare_class_probabilities(const std::vector<int64_t>& pixels, double temperature);

class RareClasses {
 public:
  // Files of `statistics` and `dataset` are matched by name, whatever folders they lie in. Error if a section
  // has no statistics, or if no section shows a class that occurs.
  RareClasses(const Dataset& dataset, const ClassStatistics& statistics, int64_t classes,
              RareClassOptions options);

  struct Choice {
    int64_t label, section;
  };
  Choice draw(Draws& draws) const;
  // Whether a crop shows the class.
  bool shows(const LabelMap& crop, int64_t label) const;
  static constexpr int64_t new_crops = 10;  // so often a crop that does not is drawn again

  const std::vector<double>& probabilities() const { return probabilities_; }  // by class
  // Lines that a person should read: classes that the source does not have.
  const std::vector<std::string>& notices() const { return notices_; }

 private:
  std::string name_of(int64_t label) const;

  RareClassOptions options_;
  std::vector<double> probabilities_;
  std::vector<std::vector<int64_t>> sections_;  // by class: those that show it
  std::vector<std::string> notices_;
};

}  // namespace masktwins::data

#include "data/rare_classes.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "tensor/check.h"

namespace masktwins::data {
namespace {

// The name by which a label file is known whether it holds classes or raw ids and wherever it lies, also on
// Windows: "C:\gta\labels\00001_labelTrainIds.png" and "labels/00001.png" are "00001".
std::string common_name(const std::string& path) {
  const std::size_t slash = path.find_last_of("/\\");
  std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  name.resize(std::min(name.size(), name.rfind('.')));
  for (const std::string ending : {"_labelTrainIds", "_labelIds"})
    if (name.ends_with(ending)) name.resize(name.size() - ending.size());
  return name;
}

// Statistics by section of the dataset.
std::vector<const FileStatistics*> match(const Dataset& dataset, const ClassStatistics& statistics) {
  std::multimap<std::string, const FileStatistics*> by_name;
  for (const FileStatistics& entry : statistics) by_name.emplace(common_name(entry.file), &entry);
  std::vector<const FileStatistics*> matched;
  int64_t missing = 0;
  std::string example;
  for (int64_t i = 0; i < dataset.size(); ++i) {
    const std::string file = dataset.label_file(i).string();
    const auto [first, last] = by_name.equal_range(common_name(file));
    const auto exact = std::find_if(first, last, [&](const auto& item) { return item.second->file == file; });
    const bool ambiguous = exact == last && std::distance(first, last) > 1;
    require(!ambiguous, file, ": the class statistics name several files like this one; make them with: ",
            "masktwins stats CONFIG");
    if (first == last) {
      ++missing;
      example = file;
    } else {
      matched.push_back(exact == last ? first->second : exact->second);
    }
  }
  require(missing == 0, "class statistics: ", missing, " of ", dataset.size(),
          " label files of data.source are not in them (", example,
          "); make them with: masktwins stats CONFIG");
  return matched;
}

}  // namespace

std::vector<double> rare_class_probabilities(const std::vector<int64_t>& pixels, double temperature) {
  const auto total = static_cast<double>(std::accumulate(pixels.begin(), pixels.end(), int64_t{0}));
  std::vector<double> exponents, probabilities(pixels.size());
  for (const int64_t count : pixels)
    exponents.push_back((1 - static_cast<double>(count) / total) / temperature);
  double largest = 0, sum = 0;
  for (std::size_t c = 0; c < pixels.size(); ++c)
    if (pixels[c] > 0) largest = std::max(largest, exponents[c]);
  for (std::size_t c = 0; c < pixels.size(); ++c)
    if (pixels[c] > 0) sum += probabilities[c] = std::exp(exponents[c] - largest);
  for (double& probability : probabilities) probability /= sum;
  return probabilities;
}

RareClasses::RareClasses(const Dataset& dataset, const ClassStatistics& statistics, int64_t classes,
                         RareClassOptions options)
    : options_(std::move(options)), sections_(static_cast<std::size_t>(classes)) {
  require(options_.temperature > 0, "train.rare_class_temperature: must be above 0, got ",
          options_.temperature);
  std::vector<int64_t> pixels(sections_.size());
  const std::vector<const FileStatistics*> matched = match(dataset, statistics);
  for (std::size_t section = 0; section < matched.size(); ++section)
    for (const auto& [label, count] : matched[section]->pixels) {
      require(label < classes, "class statistics: class ", label, " does not exist, there are ", classes);
      pixels[static_cast<std::size_t>(label)] += count;
      if (count > options_.min_pixels)
        sections_[static_cast<std::size_t>(label)].push_back(static_cast<int64_t>(section));
    }
  probabilities_ = rare_class_probabilities(pixels, options_.temperature);
  std::string absent;
  for (int64_t label = 0; label < classes; ++label) {
    const auto c = static_cast<std::size_t>(label);
    if (pixels[c] == 0) absent += (absent.empty() ? "" : ", ") + name_of(label);
    require(pixels[c] == 0 || !sections_[c].empty(), "rare-class sampling: no source image has more than ",
            options_.min_pixels, " pixels of class ", name_of(label), "; lower train.rare_class_min_pixels");
  }
  if (!absent.empty()) notices_.push_back("the source shows none of these classes: " + absent);
}

RareClasses::Choice RareClasses::draw(Draws& draws) const {
  double left = draws.uniform();
  std::size_t label = 0;
  for (std::size_t c = 0; c < probabilities_.size(); ++c) {
    if (probabilities_[c] == 0) continue;
    label = c;
    left -= probabilities_[c];
    if (left < 0) break;
  }
  const std::vector<int64_t>& sections = sections_[label];
  const int64_t place = draws.below(static_cast<int64_t>(sections.size()));
  return {static_cast<int64_t>(label), sections[static_cast<std::size_t>(place)]};
}

bool RareClasses::shows(const LabelMap& crop, int64_t label) const {
  const int64_t pixels = std::count(crop.classes.begin(), crop.classes.end(), static_cast<uint8_t>(label));
  return static_cast<double>(pixels) > options_.min_crop_ratio * static_cast<double>(options_.min_pixels);
}

std::string RareClasses::name_of(int64_t label) const {
  return options_.class_names.empty() ? std::to_string(label)
                                      : options_.class_names[static_cast<std::size_t>(label)];
}

}  // namespace masktwins::data

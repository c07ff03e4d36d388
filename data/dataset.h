// A dataset: sections in a fixed order, with labels or without, from folders, single files and TIFF stacks.
#pragma once

#include <filesystem>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "data/label_values.h"
#include "data/section.h"

namespace masktwins::data {

struct DatasetOptions {
  // Folders (searched with their subfolders, files sorted by path) or files. A TIFF stack gives one section
  // per page.
  std::vector<std::filesystem::path> images;
  // None, or one entry per entry of `images`. Files pair by their path below the folder without extension
  // and suffix, pages by their number.
  std::vector<std::filesystem::path> labels;
  // Only files whose name without extension ends so, for example "_leftImg8bit" and
  // "_gtFine_labelTrainIds".
  std::string image_suffix, label_suffix;
  // Only images whose file name matches a shell pattern ("0001TP*"), and only those that do not match.
  std::string include, exclude;
  // Of what remains the sections from number `first` on, `count` of them (0: all).
  int64_t first = 0, count = 0;

  int64_t channels = 1;  // 1 grey, 3 RGB; files of the other kind are converted
  // Every section is resized, keeping its ratio, to the largest size with at most these sides (0: as stored),
  // and then by `scale`; for example to bring two sets to the same nm per pixel.
  int64_t long_side = 0, short_side = 0;
  double scale = 1;
  Normalisation normalisation = Normalisation::minmax;
  LabelValues label_values{2};
  bool labels_in_red = false;  // label files are RGB, and the red channel holds the value
  Margins margins;             // pixels of the files
  // Decoded sections are kept up to this many bytes; beyond it the longest unused are read again when needed.
  int64_t cache_bytes = int64_t{4} << 30;
};

// All files are found, paired and their sizes compared when it is made; pixels are decoded on first use.
// May be used by several threads at once.
class Dataset {
 public:
  // Error if a folder is missing or holds no image, an image lacks its label, or their sizes differ.
  explicit Dataset(DatasetOptions options);

  int64_t size() const { return static_cast<int64_t>(entries_.size()); }
  bool labelled() const { return !options_.labels.empty(); }
  int64_t channels() const { return options_.channels; }
  // The path below its folder without extension and suffix, with "/" and the page in three digits for stacks:
  // unique within each of options.images.
  const std::string& name(int64_t index) const { return entry(index).name; }
  // After scaling.
  int64_t height(int64_t index) const { return entry(index).height; }
  int64_t width(int64_t index) const { return entry(index).width; }

  std::shared_ptr<const Section> section(int64_t index) const;
  // Indices of at most `most` sections, evenly spread.
  std::vector<int64_t> some_sections(int64_t most) const;

  // Error without labels.
  const std::filesystem::path& label_file(int64_t index) const;
  // The labels at the size of their file.
  LabelMap stored_labels(int64_t index) const;

 private:
  struct Entry {
    std::string name;
    std::filesystem::path image, label;
    int64_t page = 0;
    int64_t height = 0, width = 0;
    double scale = 1;
  };
  struct Kept {
    std::shared_ptr<const Section> section;
    std::list<int64_t>::iterator use;
  };

  void add_images(const std::filesystem::path& images, const std::filesystem::path& labels);
  const Entry& entry(int64_t index) const;
  double scale_of(const Header& header) const;
  Section read(const Entry& entry) const;
  LabelMap read_labels(const Entry& entry) const;
  void keep(int64_t index, const std::shared_ptr<const Section>& section) const;

  DatasetOptions options_;
  std::vector<Entry> entries_;
  mutable std::mutex mutex_;
  mutable std::list<int64_t> uses_;  // latest first
  mutable std::unordered_map<int64_t, Kept> kept_;
  mutable int64_t kept_bytes_ = 0;
};

}  // namespace masktwins::data

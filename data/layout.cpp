#include "data/layout.h"

#include <algorithm>
#include <map>
#include <set>

#include "data/class_table.h"
#include "tensor/check.h"

namespace masktwins::data {
namespace {

namespace fs = std::filesystem;

enum class Codes { label_ids, synthia };

struct Layout {
  std::string image_folder, label_folder;
  bool has_splits;
  std::string image_suffix, raw_suffix, class_suffix;
  Codes codes;
};

const std::map<std::string, Layout> layouts = {
    {"cityscapes",
     {"leftImg8bit", "gtFine", true, "_leftImg8bit", "_gtFine_labelIds", "_gtFine_labelTrainIds",
      Codes::label_ids}},
    {"gta", {"images", "labels", false, "", "", "_labelTrainIds", Codes::label_ids}},
    {"synthia", {"RGB", "GT/LABELS", false, "", "", "_labelTrainIds", Codes::synthia}},
    {"acdc", {"rgb_anon", "gt", true, "_rgb_anon", "_gt_labelIds", "_gt_labelTrainIds", Codes::label_ids}},
    {"dark_zurich",
     {"rgb_anon", "gt", true, "_rgb_anon", "_gt_labelIds", "_gt_labelTrainIds", Codes::label_ids}},
};

// SYNTHIA's classes (its README) that are classes of Cityscapes; terrain 16, truck 18 and train 20 never
// occur.
const std::map<int64_t, int64_t> synthia_classes = {
    {3, 0},  {4, 1},   {2, 2},   {21, 3}, {5, 4},   {7, 5},   {15, 6},  {9, 7},   {6, 8},  {16, 9},
    {1, 10}, {10, 11}, {17, 12}, {8, 13}, {18, 14}, {19, 15}, {20, 16}, {12, 17}, {11, 18}};

std::map<int64_t, int64_t> cityscapes_classes() {
  std::map<int64_t, int64_t> classes;
  int64_t next = 0;
  for (const uint8_t id : class_table("cityscapes").label_ids) classes[id] = next++;
  return classes;
}

const Layout& find_layout(const std::string& name) {
  const auto found = layouts.find(name);
  if (found == layouts.end()) {
    std::string known;
    for (const std::string& other : layout_names()) known += (known.empty() ? "" : ", ") + other;
    fail("layout '", name, "' is not known; use one of ", known);
  }
  return found->second;
}

// FOLDER/SPLIT, or the splits of all conditions where these are the outer folders (ACDC as published).
// Dark Zurich keeps its day images beside the night ones.
std::vector<fs::path> split_folders(const fs::path& folder, const std::string& split) {
  if (fs::is_directory(folder / split / "night")) return {folder / split / "night"};
  if (fs::is_directory(folder / split)) return {folder / split};
  std::vector<fs::path> found;
  std::set<std::string> others;
  for (const fs::directory_entry& condition : fs::directory_iterator(folder)) {
    if (fs::is_directory(condition.path() / split)) found.push_back(condition.path() / split);
    if (condition.is_directory()) others.insert(condition.path().filename().string());
  }
  std::sort(found.begin(), found.end());
  std::string there;
  for (const std::string& other : others) there += (there.empty() ? ", there is " : ", ") + other;
  require(!found.empty(), folder.string(), ": no folder '", split, "' in it", there);
  return found;
}

bool any_file_ends_with(const std::vector<fs::path>& folders, const std::string& ending) {
  for (const fs::path& folder : folders)
    for (const fs::directory_entry& item :
         fs::recursive_directory_iterator(folder, fs::directory_options::follow_directory_symlink))
      if (item.path().filename().string().ends_with(ending)) return true;
  return false;
}

// `name` and `root` are of the command that writes such files.
LabelValues converted_values(const std::string& name, const fs::path& root) {
  return LabelValues(class_table("cityscapes").size())
      .with_advice(
          concat_text("remove this file and write it again: masktwins convert ", name, " ", root.string()));
}

LabelValues raw_values(const Layout& layout) {
  return {class_table("cityscapes").size(),
          layout.codes == Codes::synthia ? synthia_classes : cityscapes_classes(), ignore_class};
}

}  // namespace

const std::vector<std::string>& layout_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const auto& [name, layout] : layouts) all.push_back(name);
    return all;
  }();
  return names;
}

void apply_layout(const std::string& name, const fs::path& root, const std::string& split, LabelFiles labels,
                  DatasetOptions& options) {
  const Layout& layout = find_layout(name);
  const auto folders = [&](const std::string& folder) {
    require(fs::is_directory(root / folder), (root / folder).string(), ": no such folder; layout '", name,
            "' has images in ", layout.image_folder, " and labels in ", layout.label_folder);
    return layout.has_splits ? split_folders(root / folder, split) : std::vector{root / folder};
  };
  options.images = folders(layout.image_folder);
  options.image_suffix = layout.image_suffix;
  if (labels == LabelFiles::none) return;
  options.labels = folders(layout.label_folder);
  const bool converted = labels == LabelFiles::converted_if_there &&
                         any_file_ends_with(options.labels, layout.class_suffix + ".png");
  options.label_suffix = converted ? layout.class_suffix : layout.raw_suffix;
  options.labels_in_red = !converted && layout.codes == Codes::synthia;
  options.label_values = converted ? converted_values(name, root) : raw_values(layout);
}

int64_t convert_labels(const std::string& name, const fs::path& root, const std::string& split,
                       const std::function<void(int64_t done, int64_t of)>& on_file) {
  DatasetOptions options;
  apply_layout(name, root, split, LabelFiles::raw, options);
  const Layout& layout = find_layout(name);
  const Dataset dataset(options);
  int64_t written = 0;
  for (int64_t i = 0; i < dataset.size(); ++i) {
    const fs::path raw = dataset.label_file(i);
    std::string stem = raw.stem().string();
    stem.resize(stem.size() - layout.raw_suffix.size());
    const fs::path converted = raw.parent_path() / (stem + layout.class_suffix + ".png");
    if (!fs::exists(converted)) {
      write_png(converted, dataset.stored_labels(i));
      ++written;
    }
    if (on_file) on_file(i + 1, dataset.size());
  }
  return written;
}

}  // namespace masktwins::data

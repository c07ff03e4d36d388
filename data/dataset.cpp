#include "data/dataset.h"

#include <fnmatch.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>

#include "data/resize.h"
#include "tensor/check.h"

namespace masktwins::data {
namespace {

namespace fs = std::filesystem;

bool has_image_extension(const fs::path& file) {
  std::string extension = file.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const char* known : {".png", ".jpg", ".jpeg", ".bmp", ".tga", ".tif", ".tiff"})
    if (extension == known) return true;
  return false;
}

// The images in a folder by their path below it without extension and suffix.
std::map<std::string, fs::path> list_folder(const fs::path& folder, const std::string& suffix) {
  std::map<std::string, fs::path> files;
  for (const fs::directory_entry& item :
       fs::recursive_directory_iterator(folder, fs::directory_options::follow_directory_symlink)) {
    if (!item.is_regular_file() || !has_image_extension(item.path())) continue;
    std::string key = item.path().lexically_relative(folder).replace_extension().string();
    if (!key.ends_with(suffix)) continue;
    key.resize(key.size() - suffix.size());
    const auto [other, added] = files.emplace(key, item.path());
    require(added, folder.string(), ": ", item.path().filename().string(), " and ",
            other->second.filename().string(), " differ only in their extension; remove one");
  }
  return files;
}

// Its errors name neither the folder nor what to do.
std::map<std::string, fs::path> list_readable_folder(const fs::path& folder, const std::string& suffix) {
  try {
    return list_folder(folder, suffix);
  } catch (const fs::filesystem_error& error) {
    fail(folder.string(), ": cannot be searched for images: ", error.code().message(),
         error.path1().empty() ? "" : " (" + error.path1().string().substr(0, 200) + ")",
         "; name a folder that holds images alone");
  }
}

// The same for a folder or a single file.
std::map<std::string, fs::path> list_images(const fs::path& path, const std::string& suffix) {
  require(fs::exists(path), path.string(), ": no such file or folder");
  if (!fs::is_directory(path)) return {{path.stem().string(), path}};
  std::map<std::string, fs::path> files = list_readable_folder(path, suffix);
  require(!files.empty(), path.string(), ": no images",
          suffix.empty() ? "" : " whose name ends in '" + suffix + "'",
          " in this folder (PNG, JPEG, BMP, TGA or TIFF)");
  return files;
}

bool matches(const fs::path& file, const std::string& pattern) {
  return fnmatch(pattern.c_str(), file.filename().c_str(), 0) == 0;
}

std::string page_name(const std::string& stack, int64_t page) {
  char digits[32];
  std::snprintf(digits, sizeof digits, "/%03d", static_cast<int>(page));
  return stack + digits;
}

void require_same_size(const Header& image, const Header& label, const std::string& where) {
  require(image.height == label.height && image.width == label.width, where, ": the label has ", label.width,
          "x", label.height, " pixels, the image ", image.width, "x", image.height,
          "; a label has the size of its image as stored, data.*.scale resizes both");
}

Image red_channel(const Image& image) {
  Image red{1, image.height, image.width, {}, image.white};
  red.pixels.reserve(static_cast<std::size_t>(image.height * image.width));
  for (std::size_t i = 0; i < image.pixels.size(); i += 3) red.pixels.push_back(image.pixels[i]);
  return red;
}

int64_t bytes_of(const Section& section) {
  return static_cast<int64_t>(section.image.pixels.size() * sizeof(float) + section.labels.classes.size());
}

}  // namespace

Dataset::Dataset(DatasetOptions options) : options_(std::move(options)) {
  require(!options_.images.empty(), "dataset: no images given");
  require(options_.labels.empty() || options_.labels.size() == options_.images.size(),
          "dataset: ", options_.images.size(), " places with images but ", options_.labels.size(),
          " with labels");
  require(options_.scale > 0 && options_.scale <= 16, "data.scale: must be in (0, 16], got ", options_.scale);
  require((options_.long_side > 0) == (options_.short_side > 0) && options_.long_side >= options_.short_side,
          "dataset: long_side = ", options_.long_side, " and short_side = ", options_.short_side,
          " must both be set, the long side not the shorter one");
  require(options_.channels == 1 || options_.channels == 3, "data.channels: must be 1 or 3, got ",
          options_.channels);
  for (std::size_t i = 0; i < options_.images.size(); ++i)
    add_images(options_.images[i], labelled() ? options_.labels[i] : fs::path());
  require(!entries_.empty(), options_.images[0].string(), ": no image is left after include and exclude");
  const bool enough = options_.first >= 0 && options_.first < size() && options_.count >= 0 &&
                      options_.count <= size() - options_.first;
  require(enough, options_.images[0].string(), ": first = ", options_.first, " and count = ", options_.count,
          " do not fit, there are ", size(), " sections");
  entries_.erase(entries_.begin(), entries_.begin() + options_.first);
  if (options_.count > 0) entries_.resize(static_cast<std::size_t>(options_.count));
}

void Dataset::add_images(const fs::path& images, const fs::path& labels) {
  std::map<std::string, fs::path> label_files;
  if (labelled()) label_files = list_images(labels, options_.label_suffix);
  const bool pair_by_name = fs::is_directory(images);
  for (const auto& [key, file] : list_images(images, options_.image_suffix)) {
    if (!options_.include.empty() && !matches(file, options_.include)) continue;
    if (!options_.exclude.empty() && matches(file, options_.exclude)) continue;
    const std::vector<Header> headers = read_headers(file);
    fs::path label;
    if (labelled()) {
      const auto found =
          pair_by_name || fs::is_directory(labels) ? label_files.find(key) : label_files.begin();
      require(found != label_files.end(), file.string(), ": no label '", key, options_.label_suffix, "' in ",
              labels.string(), "; add it, or remove the image");
      label = found->second;
      const std::vector<Header> label_headers = read_headers(label);
      require(label_headers.size() == headers.size(), label.string(), ": has ", label_headers.size(),
              " pages, its image has ", headers.size());
      for (std::size_t page = 0; page < headers.size(); ++page)
        require_same_size(headers[page], label_headers[page],
                          headers.size() > 1 ? concat_text(label.string(), ", page ", page) : label.string());
    }
    for (std::size_t page = 0; page < headers.size(); ++page) {
      const auto number = static_cast<int64_t>(page);
      const double scale = scale_of(headers[page]);
      entries_.push_back({headers.size() > 1 ? page_name(key, number) : key, file, label, number,
                          scaled(headers[page].height, scale), scaled(headers[page].width, scale), scale});
    }
  }
}

double Dataset::scale_of(const Header& header) const {
  if (options_.long_side == 0) return options_.scale;
  const auto [shorter, longer] = std::minmax(header.height, header.width);
  return options_.scale * std::min(static_cast<double>(options_.long_side) / static_cast<double>(longer),
                                   static_cast<double>(options_.short_side) / static_cast<double>(shorter));
}

const Dataset::Entry& Dataset::entry(int64_t index) const {
  require(index >= 0 && index < size(), "dataset: no section ", index, ", there are ", size());
  return entries_[static_cast<std::size_t>(index)];
}

Section Dataset::read(const Entry& entry) const {
  const auto adapt = [&](Image image) {
    if (image.height == entry.height && image.width == entry.width) return image;
    return resize(image, entry.height, entry.width);
  };
  Image image = adapt(with_channels(read_image(entry.image, entry.page), options_.channels));
  Section section = normalise(entry.name, std::move(image), options_.normalisation);
  if (labelled()) section.labels = resize(read_labels(entry), entry.height, entry.width);
  const auto pixels = [&](int64_t stored) { return std::llround(static_cast<double>(stored) * entry.scale); };
  const Margins& stored = options_.margins;
  section.margins = {pixels(stored.top), pixels(stored.bottom), pixels(stored.left), pixels(stored.right)};
  return section;
}

LabelMap Dataset::read_labels(const Entry& entry) const {
  Image stored = read_label_image(entry.label, entry.page);
  if (options_.labels_in_red) {
    require(stored.channels == 3, entry.label.string(),
            ": is grey; labels of this layout are RGB, with the class in the red channel");
    stored = red_channel(stored);
  }
  return options_.label_values.apply(stored, entry.label.string());
}

const fs::path& Dataset::label_file(int64_t index) const {
  require(labelled(), "dataset: it has no labels");
  return entry(index).label;
}

LabelMap Dataset::stored_labels(int64_t index) const {
  require(labelled(), "dataset: it has no labels");
  return read_labels(entry(index));
}

std::shared_ptr<const Section> Dataset::section(int64_t index) const {
  const Entry& wanted = entry(index);
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = kept_.find(index); found != kept_.end()) {
      uses_.splice(uses_.begin(), uses_, found->second.use);
      return found->second.section;
    }
  }
  // Outside the lock: other threads go on. Two that want the same section both read it, which is harmless.
  auto section = std::make_shared<const Section>(read(wanted));
  keep(index, section);
  return section;
}

std::vector<int64_t> Dataset::some_sections(int64_t most) const {
  const int64_t count = std::min(most, size());
  std::vector<int64_t> indices;
  for (int64_t i = 0; i < count; ++i) indices.push_back(i * size() / count);
  return indices;
}

void Dataset::keep(int64_t index, const std::shared_ptr<const Section>& section) const {
  const std::lock_guard lock(mutex_);
  if (kept_.contains(index)) return;
  uses_.push_front(index);
  kept_[index] = {section, uses_.begin()};
  kept_bytes_ += bytes_of(*section);
  while (kept_bytes_ > options_.cache_bytes && uses_.size() > 1) {
    const auto oldest = kept_.find(uses_.back());
    kept_bytes_ -= bytes_of(*oldest->second.section);
    kept_.erase(oldest);
    uses_.pop_back();
  }
}

}  // namespace masktwins::data

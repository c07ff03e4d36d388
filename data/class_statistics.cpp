#include "data/class_statistics.h"

#include <array>
#include <charconv>

#include "data/file.h"
#include "data/json_text.h"
#include "tensor/check.h"

namespace masktwins::data {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* list_name = "sample_class_stats.json";
constexpr const char* dictionary_name = "sample_class_stats_dict.json";
constexpr const char* by_class_name = "samples_with_class.json";
constexpr const char* advice = "; make the statistics with: masktwins stats CONFIG";

json counts_by_name(const std::map<int64_t, int64_t>& pixels) {
  json counts = json::object();
  for (const auto& [label, count] : pixels) counts[std::to_string(label)] = count;
  return counts;
}

json read_json(const fs::path& file) {
  require(fs::is_regular_file(file), file.string(), ": no such file", advice);
  require(fs::file_size(file) > 0, file.string(), ": the file is empty", advice);
  json content = json::parse(read_file(file), nullptr, /*allow_exceptions=*/false);
  require(!content.is_discarded(), file.string(), ": not valid JSON, perhaps cut off", advice);
  require(!content.empty(), file.string(), ": holds no label file; the folder was empty when it was made",
          advice);
  return content;
}

int64_t read_class(const std::string& text, int64_t classes, const std::string& where) {
  int64_t label = -1;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), label);
  require(parsed.ec == std::errc() && parsed.ptr == text.data() + text.size(), where, ": '", text,
          "' is no class", advice);
  require(label >= 0 && label < classes, where, ": class ", label, " does not exist, model.classes is ",
          classes, advice);
  return label;
}

int64_t read_count(const json& value, const std::string& where) {
  const bool fits =
      value.is_number_integer() && value.get<int64_t>() >= 0 && value.get<int64_t>() <= max_pixels;
  require(fits, where, ": ", value.dump(), " is no number of pixels", advice);
  return value.get<int64_t>();
}

FileStatistics read_entry(const json& entry, int64_t classes, const std::string& list) {
  require(entry.is_object() && entry.contains("file") && entry["file"].is_string(), list,
          ": an entry without \"file\"", advice);
  FileStatistics statistics{entry["file"].get<std::string>(), {}};
  const std::string where = list + ", " + statistics.file;
  for (const auto& [key, value] : entry.items()) {
    if (key == "file") continue;
    const int64_t label = read_class(key, classes, where), count = read_count(value, where);
    if (count > 0) statistics.pixels[label] = count;
  }
  return statistics;
}

std::map<int64_t, int64_t> totals(const ClassStatistics& statistics) {
  std::map<int64_t, int64_t> sums;
  for (const FileStatistics& entry : statistics)
    for (const auto& [label, count] : entry.pixels) sums[label] += count;
  return sums;
}

// Labels that were misread have no class, or all the same.
void require_classes(const std::map<int64_t, int64_t>& sums, const std::string& where,
                     const std::string& what_to_do) {
  require(!sums.empty(), where, ": no file has a pixel of any class; its labels were misread", what_to_do);
  require(sums.size() > 1, where, ": all pixels have class ", sums.begin()->first,
          "; the labels were misread (those of SYNTHIA are RGB with 16 bits, the class is in red)",
          what_to_do);
}

std::map<int64_t, int64_t> read_totals_by_class(const fs::path& file, int64_t classes) {
  const json content = read_json(file);
  require(content.is_object(), file.string(), ": must be an object {class: [[file, pixels], ...]}", advice);
  std::map<int64_t, int64_t> sums;
  for (const auto& [key, samples] : content.items()) {
    const int64_t label = read_class(key, classes, file.string());
    require(samples.is_array(), file.string(), ": class ", label, " has no list of files", advice);
    for (const json& sample : samples) {
      require(sample.is_array() && sample.size() == 2, file.string(), ": ", sample.dump(),
              " is not [file, pixels]", advice);
      if (const int64_t count = read_count(sample[1], file.string())) sums[label] += count;
    }
  }
  return sums;
}

}  // namespace

ClassStatistics count_classes(const Dataset& dataset, const std::function<void(int64_t done)>& on_file) {
  ClassStatistics statistics;
  for (int64_t i = 0; i < dataset.size(); ++i) {
    std::array<int64_t, 256> counts{};
    for (const uint8_t label : dataset.stored_labels(i).classes) ++counts[label];
    FileStatistics& entry = statistics.emplace_back(FileStatistics{dataset.label_file(i).string(), {}});
    for (int64_t label = 0; label < ignore_class; ++label)
      if (const int64_t count = counts[static_cast<std::size_t>(label)]) entry.pixels[label] = count;
    if (on_file) on_file(i + 1);
  }
  return statistics;
}

void write_class_statistics(const fs::path& folder, const ClassStatistics& statistics) {
  require_classes(totals(statistics), folder.string(),
                  "; no statistics were written, check the layout or label_values of data.source");
  json list = json::array(), dictionary = json::object(), by_class = json::object();
  for (const FileStatistics& entry : statistics) {
    json counts = counts_by_name(entry.pixels);
    dictionary[entry.file] = counts;
    counts["file"] = entry.file;
    list.push_back(std::move(counts));
    for (const auto& [label, count] : entry.pixels)
      by_class[std::to_string(label)].push_back({entry.file, count});
  }
  write_file(folder / list_name, json_text(list));
  write_file(folder / dictionary_name, json_text(dictionary));
  write_file(folder / by_class_name, json_text(by_class));
}

ClassStatistics read_class_statistics(const fs::path& folder, int64_t classes) {
  const fs::path list = folder / list_name;
  const json content = read_json(list);
  require(content.is_array(), list.string(), ": must be a list of label files", advice);
  ClassStatistics statistics;
  for (const json& entry : content) statistics.push_back(read_entry(entry, classes, list.string()));
  const std::map<int64_t, int64_t> sums = totals(statistics);
  require_classes(sums, list.string(), advice);
  require(read_totals_by_class(folder / by_class_name, classes) == sums, (folder / by_class_name).string(),
          ": does not belong to ", list_name, ", its numbers of pixels differ", advice);
  return statistics;
}

}  // namespace masktwins::data

// Class statistics: their three files, and every way in which users have met broken ones.
#include "data/class_statistics.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "data/file.h"
#include "tests/data/folder.h"

using namespace masktwins;
using namespace masktwins::data;
using masktwins::tests::error_of;
using masktwins::tests::Folder;
using nlohmann::json;

namespace {

constexpr const char* list_name = "sample_class_stats.json";
constexpr const char* by_class_name = "samples_with_class.json";

const ClassStatistics example = {{"labels/a_labelTrainIds.png", {{0, 90}, {7, 10}}},
                                 {"labels/b_labelTrainIds.png", {{0, 100}}}};

// The error of reading after one file was replaced; without a text it is removed.
std::string error_after(const std::string& name, const std::optional<std::string>& text,
                        int64_t classes = 19) {
  const Folder folder;
  write_class_statistics(folder / "", example);
  std::filesystem::remove(folder / name);
  if (text && text->empty()) write_file(folder / name, " "), std::filesystem::resize_file(folder / name, 0);
  else if (text) write_file(folder / name, *text);
  return error_of([&] { read_class_statistics(folder / "", classes); });
}

bool contains(const std::string& text, const std::string& part) {
  CAPTURE(text);
  return text.find(part) != std::string::npos && text.find('\n') == std::string::npos;
}

}  // namespace

TEST_CASE("the files have the official form and are read back") {
  const Folder folder;
  write_class_statistics(folder / "", example);
  const json list = json::parse(read_file(folder / list_name));
  CHECK(list == json::parse(R"([{"0": 90, "7": 10, "file": "labels/a_labelTrainIds.png"},
                                {"0": 100, "file": "labels/b_labelTrainIds.png"}])"));
  CHECK(json::parse(read_file(folder / "sample_class_stats_dict.json")) ==
        json::parse(R"({"labels/a_labelTrainIds.png": {"0": 90, "7": 10},
                        "labels/b_labelTrainIds.png": {"0": 100}})"));
  CHECK(json::parse(read_file(folder / by_class_name)) ==
        json::parse(R"({"0": [["labels/a_labelTrainIds.png", 90], ["labels/b_labelTrainIds.png", 100]],
                        "7": [["labels/a_labelTrainIds.png", 10]]})"));
  const ClassStatistics back = read_class_statistics(folder / "", 19);
  REQUIRE(back.size() == 2);
  CHECK(back[0].file == example[0].file);
  CHECK(back[0].pixels == example[0].pixels);
  CHECK(back[1].pixels == example[1].pixels);
}

TEST_CASE("labels are counted at the size of their files, ignored pixels not at all") {
  const Folder folder;
  for (const char* name : {"a.png", "b.png"})
    write_png(folder / "images" / name, Image{1, 2, 3, std::vector<float>(6, 1)});
  write_png(folder / "labels/a.png", LabelMap{2, 3, {0, 0, 2, 255, 255, 1}});
  write_png(folder / "labels/b.png", LabelMap{2, 3, {2, 2, 2, 2, 2, 2}});
  DatasetOptions options;
  options.images = {folder / "images"};
  options.labels = {folder / "labels"};
  options.label_values = LabelValues(3);
  options.scale = 4;
  const ClassStatistics statistics = count_classes(Dataset(options));
  REQUIRE(statistics.size() == 2);
  CHECK(statistics[0].file == (folder / "labels/a.png").string());
  CHECK(statistics[0].pixels == std::map<int64_t, int64_t>{{0, 2}, {1, 1}, {2, 1}});
  CHECK(statistics[1].pixels == std::map<int64_t, int64_t>{{2, 6}});
}

TEST_CASE("statistics of misread labels are not written") {
  const Folder folder;
  for (const ClassStatistics& misread :
       {ClassStatistics{{"a.png", {}}}, ClassStatistics{{"a.png", {{0, 5}}}}}) {
    CHECK(contains(error_of([&] { write_class_statistics(folder / "statistics", misread); }),
                   "no statistics were written"));
    CHECK(!std::filesystem::exists(folder / "statistics"));
  }
}

TEST_CASE("missing, empty and damaged files say what to do") {
  for (const char* name : {list_name, by_class_name}) {
    CAPTURE(name);
    CHECK(contains(error_after(name, {}), "no such file; make the statistics with: masktwins stats"));
    CHECK(contains(error_after(name, ""), "the file is empty; make the statistics with"));
    CHECK(contains(error_after(name, "[{\"0\": 1"), "not valid JSON"));
    CHECK(contains(error_after(name, name == std::string(list_name) ? "[]" : "{}"), "holds no label file"));
    CHECK(contains(error_after(name, "3"), "must be"));
  }
}

TEST_CASE("contents that make no sense are named with their file") {
  CHECK(contains(error_after(list_name, R"([{"0": 1}])"), "without \"file\""));
  CHECK(contains(error_after(list_name, R"([{"0": -1, "file": "a"}])"), "-1 is no number of pixels"));
  CHECK(contains(error_after(list_name, R"([{"0": 9223372036854775807, "file": "a"}])"),
                 "is no number of pixels"));
  CHECK(contains(error_after(list_name, R"([{"road": 1, "file": "a"}])"), "'road' is no class"));
  CHECK(contains(error_after(list_name, R"([{"19": 1, "0": 1, "file": "a"}])"),
                 "class 19 does not exist, model.classes is 19"));
  // What SYNTHIA's labels gave when they were read with 8 bits or from the wrong channel.
  CHECK(contains(error_after(list_name, R"([{"file": "a"}, {"file": "b"}])"), "labels were misread"));
  CHECK(contains(error_after(list_name, R"([{"0": 5, "file": "a"}])"), "all pixels have class 0"));
  CHECK(contains(error_after(by_class_name, R"({"0": [["a", 1]], "7": [["a", 10]]})"),
                 "numbers of pixels differ"));
  CHECK(contains(error_after(by_class_name, R"({"0": [["a"]]})"), "is not [file, pixels]"));
}

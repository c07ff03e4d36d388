// A run of a few steps on images of 40 x 40 pixels, and what it leaves, for tests of whole runs.
#pragma once

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "data/file.h"
#include "data/image.h"
#include "masktwins/config.h"
#include "tests/data/folder.h"

namespace masktwins::tests {

namespace fs = std::filesystem;

// Sections of 40x40 pixels with a bright square on a gradient; the label marks the square.
inline void write_set(const fs::path& folder, int sections, float brightness) {
  for (int n = 0; n < sections; ++n) {
    data::Image image{1, 40, 40, {}};
    data::Image label = image;
    for (int y = 0; y < 40; ++y)
      for (int x = 0; x < 40; ++x) {
        const bool inside = y >= 8 + n && y < 24 + n && x >= 10 && x < 30;
        image.pixels.push_back(inside ? brightness : static_cast<float>(2 * x + y));
        label.pixels.push_back(inside ? 255.0f : 0.0f);
      }
    const std::string name = "section" + std::to_string(n) + ".png";
    data::write_png(folder / "images" / name, image);
    data::write_png(folder / "labels" / name, label);
  }
}

inline Config small_config(const Folder& folder, const std::vector<std::string>& more = {}) {
  write_set(folder / "source", 3, 220);
  write_set(folder / "target", 2, 180);
  std::vector<std::string> settings = {"model.width=2",
                                       "data.source.images=" + (folder / "source/images").string(),
                                       "data.source.labels=" + (folder / "source/labels").string(),
                                       "data.target.images=" + (folder / "target/images").string(),
                                       "data.test.images=" + (folder / "target/images").string(),
                                       "data.test.labels=" + (folder / "target/labels").string(),
                                       "train.iterations=6",
                                       "train.crop=32",
                                       "train.batch=1",
                                       "train.checkpoint_every=3",
                                       "train.evaluate_every=3",
                                       "train.picture_every=6",
                                       "train.log_every=1",
                                       "uda.mask_block=8"};
  settings.insert(settings.end(), more.begin(), more.end());
  return parse_config("", "test", settings);
}

// Where progress goes.
inline std::FILE* nowhere() {
  static std::FILE* file = std::fopen("/dev/null", "w");
  return file;
}

// The log without what a clock decides.
inline std::vector<nlohmann::json> log_of(const fs::path& run) {
  std::vector<nlohmann::json> records;
  std::istringstream lines(data::read_file(run / "log.jsonl"));
  for (std::string line; std::getline(lines, line);) {
    records.push_back(nlohmann::json::parse(line));
    records.back().erase("seconds_per_step");
    if (records.back().contains("evaluation")) records.back()["evaluation"].erase("seconds_per_section");
  }
  return records;
}

}  // namespace masktwins::tests

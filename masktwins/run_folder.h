// The folder of one training run:
//   config.toml    the resolved configuration
//   log.jsonl      one JSON object per line: losses, evaluations, warnings
//   metrics.json   last and best evaluation
//   checkpoints/   last, previous and best (masktwins/checkpoint.h)
//   pictures/      what the network sees and says
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>

#include "masktwins/config.h"

namespace masktwins {

class RunFolder {
 public:
  // Makes the folder. Error if it already holds a checkpoint, or a config.toml of something else: a run with
  // this configuration that ended before its first checkpoint may be started again.
  static RunFolder create(const std::filesystem::path& path, const Config& config);
  // Error unless it holds a run.
  static RunFolder open(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path checkpoints() const { return path_ / "checkpoints"; }
  std::filesystem::path pictures() const { return path_ / "pictures"; }
  std::filesystem::path log() const { return path_ / "log.jsonl"; }
  std::filesystem::path metrics_file() const { return path_ / "metrics.json"; }
  std::filesystem::path config_file() const { return path_ / "config.toml"; }

  // Removes what a program that was killed while it wrote has left. Only for who alone trains here.
  void remove_leftovers() const;

  // As stored, with overrides as in read_config.
  Config config(const std::vector<std::string>& overrides = {}) const;
  void write_config(const Config& config) const;
  // The content of metrics.json; an empty object without one.
  nlohmann::json metrics() const;
  void write_metrics(const nlohmann::json& metrics) const;

 private:
  explicit RunFolder(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

}  // namespace masktwins

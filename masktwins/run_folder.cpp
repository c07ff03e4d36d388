#include "masktwins/run_folder.h"

#include <nlohmann/json.hpp>

#include "data/file.h"
#include "tensor/check.h"

namespace masktwins {

namespace fs = std::filesystem;

RunFolder RunFolder::create(const fs::path& path, const Config& config) {
  const RunFolder folder(path);
  std::error_code problem;
  require(!fs::exists(folder.config_file(), problem), path.string(),
          ": already holds a run; continue it with --resume or choose another --out");
  fs::create_directories(folder.checkpoints(), problem);
  require(!problem, path.string(), ": cannot make this folder: ", problem.message());
  folder.write_config(config);
  return folder;
}

RunFolder RunFolder::open(const fs::path& path) {
  const RunFolder folder(path);
  std::error_code problem;
  require(fs::exists(folder.config_file(), problem) && fs::is_directory(folder.checkpoints(), problem),
          path.string(),
          ": holds no run (no config.toml with checkpoints); name the folder given to train --out");
  return folder;
}

Config RunFolder::config(const std::vector<std::string>& overrides) const {
  return read_config(config_file().string(), overrides);
}

void RunFolder::write_config(const Config& config) const { data::write_file(config_file(), to_toml(config)); }

nlohmann::json RunFolder::metrics() const {
  if (!fs::exists(metrics_file())) return nlohmann::json::object();
  nlohmann::json metrics =
      nlohmann::json::parse(data::read_file(metrics_file()), nullptr, /*allow_exceptions=*/false);
  return metrics.is_object() ? metrics : nlohmann::json::object();
}

void RunFolder::write_metrics(const nlohmann::json& metrics) const {
  data::write_file(metrics_file(), metrics.dump(2) + "\n");
}

}  // namespace masktwins

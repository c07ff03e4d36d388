#include "masktwins/run_folder.h"

#include "data/atomic_file.h"
#include "data/file.h"
#include "data/json_text.h"
#include "masktwins/checkpoint.h"
#include "tensor/check.h"

namespace masktwins {

namespace fs = std::filesystem;

RunFolder RunFolder::create(const fs::path& path, const Config& config) {
  const RunFolder folder(path);
  require(CheckpointFolder{folder.checkpoints()}.empty(), path.string(),
          ": already holds a run; continue it with --resume or choose another --out");
  std::error_code problem;
  require(
      !fs::exists(folder.config_file(), problem) || data::read_file(folder.config_file()) == to_toml(config),
      folder.config_file().string(), ": would be overwritten by that of the run; choose another --out");
  fs::create_directories(folder.checkpoints(), problem);
  require(!problem, path.string(), ": cannot make this folder: ", problem.message());
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

void RunFolder::remove_leftovers() const {
  std::error_code ignored;  // they only take space
  std::vector<fs::path> leftovers;
  for (const fs::path& folder : {path_, checkpoints()})
    for (const fs::directory_entry& item : fs::directory_iterator(folder, ignored))
      if (data::AtomicFile::is_leftover(item.path())) leftovers.push_back(item.path());
  for (const fs::path& file : leftovers) fs::remove(file, ignored);
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
  data::write_file(metrics_file(), data::json_text(metrics));
}

}  // namespace masktwins

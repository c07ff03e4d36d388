// log.jsonl of a run: one JSON object per line, appended and on the disk before the next step begins. Opening
// it locks the run, so that two programs never train into one folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>

namespace masktwins {

class RunLog {
 public:
  // Opens or makes the file. Error if another program has it open.
  explicit RunLog(const std::filesystem::path& file);
  ~RunLog();
  RunLog(const RunLog&) = delete;
  RunLog& operator=(const RunLog&) = delete;

  // Error when the disk is full; the file then ends with the last complete line.
  void append(const nlohmann::json& record);

  // Drops what a run that ended without saving wrote after its last checkpoint: records whose "step" exceeds
  // `step`, and a last line that was cut off.
  void rewind(int64_t step);

 private:
  std::filesystem::path file_;
  int descriptor_ = -1;
};

}  // namespace masktwins

#include "masktwins/run_log.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>

#include "data/json_text.h"
#include "tensor/check.h"

namespace masktwins {

RunLog::RunLog(const std::filesystem::path& file) : file_(file) {
  descriptor_ = open(file.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  require(descriptor_ >= 0, file.string(), ": cannot be opened: ", std::strerror(errno));
  if (flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    close(descriptor_);
    fail(file.parent_path().string(), ": another program is training into this folder");
  }
}

RunLog::~RunLog() { close(descriptor_); }

void RunLog::append(const nlohmann::json& record) {
  const std::string line = data::json_line(record);
  const off_t end = lseek(descriptor_, 0, SEEK_END);
  errno = 0;
  const bool written = write(descriptor_, line.data(), line.size()) == static_cast<ssize_t>(line.size()) &&
                       fsync(descriptor_) == 0;
  if (written) return;
  const std::string reason = errno ? std::strerror(errno) : "the disk is full";
  const bool shortened = ftruncate(descriptor_, end) == 0;
  fail(file_.string(), ": cannot be written: ", reason, shortened ? "" : "; its last line is incomplete");
}

void RunLog::rewind(int64_t step) {
  std::ifstream lines(file_);
  std::string line;
  off_t keep = 0;
  while (std::getline(lines, line) && !lines.eof()) {
    const nlohmann::json record = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!record.is_object()) break;
    const auto found = record.find("step");
    if (found != record.end() && found->is_number() && *found > step) break;
    keep += static_cast<off_t>(line.size()) + 1;
  }
  require(ftruncate(descriptor_, keep) == 0, file_.string(), ": cannot be shortened: ", std::strerror(errno));
}

}  // namespace masktwins

#include "data/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "tensor/check.h"

namespace masktwins::data {
namespace {

namespace fs = std::filesystem;

// Writes all bytes to a new file and waits until they are on the disk; false with errno set on failure.
bool write_through(const fs::path& file, std::string_view bytes) {
  const int descriptor = open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor < 0) return false;
  bool good = true;
  while (good && !bytes.empty()) {
    const ssize_t written = write(descriptor, bytes.data(), bytes.size());
    if (written > 0) bytes.remove_prefix(static_cast<std::size_t>(written));
    else good = written < 0 && errno == EINTR;
  }
  good = good && fsync(descriptor) == 0;
  const int reason = errno;
  good = close(descriptor) == 0 && good;
  if (!good && reason != 0) errno = reason;
  return good;
}

}  // namespace

std::string read_file(const fs::path& file, std::uintmax_t limit) {
  std::error_code problem;
  const fs::file_status status = fs::status(file, problem);
  require(fs::exists(status), file.string(), ": no such file");
  require(!fs::is_directory(status), file.string(), ": is a folder, expected a file");
  require(fs::is_regular_file(status), file.string(), ": is not a regular file");
  const std::uintmax_t size = std::min(limit, fs::file_size(file));
  require(size > 0, file.string(), ": the file is empty");
  require(size <= max_file_bytes, file.string(), ": ", size, " bytes, more than the limit of ",
          max_file_bytes);
  std::ifstream stream(file, std::ios::binary);
  require(stream.good(), file.string(), ": cannot be opened: ", std::strerror(errno));
  std::string bytes(size, '\0');
  stream.read(bytes.data(), static_cast<std::streamsize>(size));
  require(static_cast<std::uintmax_t>(stream.gcount()) == size, file.string(), ": cannot be read to its end");
  return bytes;
}

void write_file(const fs::path& file, std::string_view bytes) {
  std::error_code problem;
  if (file.has_parent_path()) fs::create_directories(file.parent_path(), problem);
  const fs::path temporary = file.string() + ".tmp" + std::to_string(getpid());
  errno = 0;
  const bool written = write_through(temporary, bytes) && std::rename(temporary.c_str(), file.c_str()) == 0;
  if (written) return;
  const std::string reason = std::strerror(errno);
  fs::remove(temporary, problem);
  fail(file.string(), ": cannot be written: ", reason);
}

}  // namespace masktwins::data

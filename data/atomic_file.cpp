#include "data/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "tensor/check.h"

namespace masktwins::data {
namespace {

// The rename itself is durable only once the folder is on the disk. Some file systems cannot flush a folder;
// the data is safe all the same, so that is no error.
void flush_folder(const std::filesystem::path& folder) {
  const int descriptor = open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  fsync(descriptor);
  close(descriptor);
}

}  // namespace

AtomicFile::AtomicFile(const std::string& path)
    : path_(path), temporary_(path + "." + std::to_string(getpid()) + ".tmp") {
  std::error_code ignored;
  const auto kind = std::filesystem::status(path, ignored).type();
  require(kind == std::filesystem::file_type::not_found || kind == std::filesystem::file_type::regular, path,
          ": cannot be written, it is not a regular file; choose another path");
  descriptor_ = open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor_ < 0) fail_with_errno("cannot be written");
}

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) {
    close(descriptor_);
    unlink(temporary_.c_str());
  }
}

bool AtomicFile::is_leftover(const std::filesystem::path& file) {
  const std::string process = file.stem().extension().string();
  return file.extension() == ".tmp" && process.size() > 1 &&
         std::all_of(process.begin() + 1, process.end(), [](char c) { return c >= '0' && c <= '9'; });
}

void AtomicFile::fail_with_errno(const char* what) const {
  const int error = errno;
  fail(path_, ": ", what, ": ", std::strerror(error),
       error == ENOSPC   ? "; free some space and try again"
       : error == ENOENT ? "; create its folder first"
                         : "");
}

void AtomicFile::write(const void* bytes, std::size_t count) {
  const char* next = static_cast<const char*>(bytes);
  while (count > 0) {
    const ssize_t written = ::write(descriptor_, next, count);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail_with_errno("cannot be written");
    next += written;
    count -= static_cast<std::size_t>(written);
  }
}

void AtomicFile::overwrite(uint64_t offset, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = pwrite(descriptor_, text.data(), text.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail_with_errno("cannot be written");
    offset += static_cast<uint64_t>(written);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

void AtomicFile::commit() {
  if (fsync(descriptor_) != 0) fail_with_errno("cannot be flushed to the disk");
  // Network file systems report a failed write as late as here.
  if (close(std::exchange(descriptor_, -1)) != 0 || std::rename(temporary_.c_str(), path_.c_str()) != 0) {
    const int error = errno;
    unlink(temporary_.c_str());
    errno = error;
    fail_with_errno("cannot be put in its place");
  }
  flush_folder(std::filesystem::path(path_).parent_path());
}

}  // namespace masktwins::data

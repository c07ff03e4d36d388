// A file that appears complete or not at all. The bytes go to a temporary file in the same folder, which is
// flushed to the disk and then renamed over the target; a crash or a full disk leaves the old file as it was.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace masktwins::data {

class AtomicFile {
 public:
  // Opens the temporary file. Throws Error when the folder is missing or not writable, or when `path` is
  // something else than a regular file.
  explicit AtomicFile(const std::string& path);
  // Without commit() the temporary file is removed and `path` stays untouched.
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  // Appends; throws Error, for example when the disk is full.
  void write(const void* bytes, std::size_t count);
  void write(std::string_view text) { write(text.data(), text.size()); }
  // Overwrites from `offset` on, without moving the end that write() appends to.
  void overwrite(uint64_t offset, std::string_view text);

  // Does its name say that a program which was killed left it? path.PID.tmp
  static bool is_leftover(const std::filesystem::path& file);

  // Flushes to the disk and puts the file in its place. Call once, at the end.
  void commit();

 private:
  [[noreturn]] void fail_with_errno(const char* what) const;

  std::string path_, temporary_;
  int descriptor_ = -1;
};

}  // namespace masktwins::data

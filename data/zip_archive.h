// Zip archives through libzip, read only: stored and deflated entries, also beyond 4 GiB. A build without
// libzip (package libzip-dev) answers with an Error that says so.
//
// An archive may claim anything, so the sizes are checked before a byte is unpacked: the packed entries
// together are no larger than the file (overlapping entries are), and the unpacked ones no larger than
// largest_expansion times that. Checksums are verified by reading.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace masktwins::data {

// Do the first bytes of a file belong to a zip archive?
bool looks_like_zip(std::string_view first_bytes);

class ZipArchive {
 public:
  static constexpr uint64_t largest_expansion = 20;  // trained weights shrink by a tenth, not to a twentieth
  static constexpr uint64_t most_entries = 1'000'000;

  // Throws Error with one line that names the file and the defect.
  explicit ZipArchive(const std::string& path);
  ~ZipArchive();

  // Unpacked size by name.
  const std::map<std::string, uint64_t>& entries() const { return entries_; }
  uint64_t unpacked_bytes() const { return unpacked_bytes_; }

  // The unpacked bytes of one entry. Error if there is none of this name, or it is damaged.
  std::string read(const std::string& name) const;

 private:
  struct Handle;

  std::string path_;
  std::unique_ptr<Handle> handle_;
  std::map<std::string, uint64_t> entries_;
  uint64_t unpacked_bytes_ = 0;
};

}  // namespace masktwins::data

// Whole files in one call.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace masktwins::data {

constexpr std::uintmax_t max_file_bytes = std::uintmax_t{1} << 31;

// The file's bytes, or the first `limit` of them. Error if it is missing, a folder, unreadable or empty, or
// if more than max_file_bytes would be read.
std::string read_file(const std::filesystem::path& file, std::uintmax_t limit = UINTMAX_MAX);
// The last bytes of the file, `most` of them or all. Errors as above.
std::string read_file_end(const std::filesystem::path& file, std::uintmax_t most);
// Replaces the file at once: a reader sees the old or the new content, never a part. Creates its folder.
void write_file(const std::filesystem::path& file, std::string_view bytes);

}  // namespace masktwins::data

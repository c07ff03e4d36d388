#include "data/file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "data/atomic_file.h"
#include "tensor/check.h"

namespace masktwins::data {

namespace fs = std::filesystem;

namespace {

// Error unless it is a file with something in it.
std::uintmax_t size_of(const fs::path& file) {
  std::error_code problem;
  const fs::file_status status = fs::status(file, problem);
  require(fs::exists(status), file.string(), ": no such file");
  require(!fs::is_directory(status), file.string(), ": is a folder, expected a file");
  require(fs::is_regular_file(status), file.string(), ": is not a regular file");
  const std::uintmax_t size = fs::file_size(file);
  require(size > 0, file.string(), ": the file is empty");
  return size;
}

std::string read_part(const fs::path& file, std::uintmax_t begin, std::uintmax_t size) {
  require(size <= max_file_bytes, file.string(), ": ", size, " bytes, more than the limit of ",
          max_file_bytes);
  std::ifstream stream(file, std::ios::binary);
  require(stream.good(), file.string(), ": cannot be opened: ", std::strerror(errno));
  std::string bytes(size, '\0');
  stream.seekg(static_cast<std::streamoff>(begin));
  stream.read(bytes.data(), static_cast<std::streamsize>(size));
  require(static_cast<std::uintmax_t>(stream.gcount()) == size, file.string(), ": cannot be read to its end");
  return bytes;
}

}  // namespace

std::string read_file(const fs::path& file, std::uintmax_t limit) {
  return read_part(file, 0, std::min(limit, size_of(file)));
}

std::string read_file_end(const fs::path& file, std::uintmax_t most) {
  const std::uintmax_t size = size_of(file), length = std::min(most, size);
  return read_part(file, size - length, length);
}

void write_file(const fs::path& file, std::string_view bytes) {
  std::error_code problem;
  if (file.has_parent_path()) fs::create_directories(file.parent_path(), problem);
  require(!problem, file.string(), ": cannot be written, its folder cannot be made: ", problem.message(),
          "; choose another path");
  AtomicFile out(file);
  out.write(bytes);
  out.commit();
}

}  // namespace masktwins::data

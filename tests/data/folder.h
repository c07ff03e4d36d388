// A folder for the files of one test, and the message of an expected error.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>

#include "tensor/check.h"

namespace masktwins::tests {

// Empty when made, removed with everything in it at the end of its scope.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "masktwins-test-XXXXXX").string();
    require(mkdtemp(name.data()) != nullptr, "cannot create ", name);
    path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

// What the Error thrown by body says; empty if it throws none.
template <class Body>
std::string error_of(Body&& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace masktwins::tests

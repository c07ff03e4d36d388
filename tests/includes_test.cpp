// Includes point one way: kernels <- tensor <- nn, optim <- masktwins; data knows tensor only to hand over
// batches.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>

namespace {

namespace fs = std::filesystem;

const std::map<std::string, std::set<std::string>> allowed = {
    {"kernels", {"kernels"}},
    {"tensor", {"tensor", "kernels"}},
    {"nn", {"nn", "tensor", "kernels"}},
    {"optim", {"optim", "nn", "tensor", "kernels"}},
    {"data", {"data", "tensor", "kernels"}},
    {"masktwins", {"masktwins", "data", "optim", "nn", "tensor", "kernels"}},
};

// The folder that a line includes from, or nothing.
std::string included_folder(const std::string& line) {
  const std::string start = "#include \"";
  if (line.compare(0, start.size(), start) != 0) return {};
  const std::size_t slash = line.find('/', start.size());
  return slash == std::string::npos ? std::string() : line.substr(start.size(), slash - start.size());
}

}  // namespace

TEST_CASE("includes point one way") {
  int files = 0;
  for (const auto& [folder, targets] : allowed) {
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      const std::string extension = entry.path().extension().string();
      if (extension != ".h" && extension != ".cpp") continue;
      ++files;
      std::ifstream file(entry.path());
      for (std::string line; std::getline(file, line);) {
        const std::string target = included_folder(line);
        CAPTURE(entry.path().string());
        CAPTURE(line);
        CHECK((target.empty() || targets.count(target) == 1));
      }
    }
  }
  CHECK(files > 100);
}

#include "masktwins/bench_ops.h"

#include <doctest/doctest.h>

#include <fstream>

#include "tensor/op.h"

namespace masktwins {
namespace {

TEST_CASE("every op has a benchmark") {
  for (const auto& [name, op] : registered_ops()) CHECK_MESSAGE(!op.benchmarks.empty(), name);
}

TEST_CASE("docs/ops.md lists the cases of every op; `make docs` writes it anew") {
  std::ifstream file("docs/ops.md");
  REQUIRE(file);
  std::vector<std::string> rows;
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("| ") && !line.starts_with("| op |")) rows.push_back(line);
  const std::vector<std::string> cases = op_table_cases();
  REQUIRE(rows.size() == cases.size());
  for (std::size_t i = 0; i < rows.size(); ++i)
    CHECK_MESSAGE(rows[i].starts_with(cases[i]), "docs/ops.md has ", rows[i], ", but now it is ", cases[i]);
}

}  // namespace
}  // namespace masktwins

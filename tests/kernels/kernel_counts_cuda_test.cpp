// The counts of every kernel are those of docs/kernels, to the last sector, and whoever moves too much says
// why.
#include <doctest/doctest.h>

#ifdef MASKTWINS_CUDA_EMULATED

#include <fstream>
#include <sstream>

#include "tests/kernels/kernel_counts.h"

using namespace masktwins::tests;

namespace {

std::string text_of(const std::string& file) {
  std::ifstream stream(file);
  REQUIRE_MESSAGE(stream.good(), file, " is missing; run `make kernels`");
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

void check_current(const std::string& file, const std::string& counted) {
  const std::string recorded = text_of(file);
  if (counted == recorded) return;
  std::istringstream recorded_lines(recorded), counted_lines(counted);
  std::string before, now;
  while (std::getline(counted_lines, now) && std::getline(recorded_lines, before) && before == now) {
  }
  FAIL_CHECK(file, " is not current; run `make kernels`. First difference:\n  recorded ", before,
             "\n  counted  ", now);
}

}  // namespace

TEST_CASE("kernels do what docs/kernels says") {
  const std::vector<OpRow> rows = count_kernels();
  CHECK(!rows.empty());
  for (const OpRow& row : rows)
    CHECK_MESSAGE((!row.needs_reason() || !reason_of(row.op).empty()), row.op, " ", row.phase, " in ",
                  row.dtype, " moves ", row.moved_over_needed(),
                  " times the least bytes or has bank conflicts: mend it, or say why in kernels/", row.op,
                  ".h in a paragraph that begins with \"// CUDA: \"");
  const std::string compiler = text_of("docs/kernels/nvcc.txt");
  if (compiler == compiler_version() + "\n") {
    check_current("docs/kernels/counts.json", to_json(rows));
    check_current("docs/kernels/counts.md", to_markdown(rows));
  } else {
    MESSAGE("counts not compared: docs/kernels was written with nvcc ", compiler, ", this is ",
            compiler_version());
  }
}

#endif

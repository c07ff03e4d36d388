// The counts of every kernel are those of docs/kernels, to the last sector.
#include <doctest/doctest.h>

#ifdef MASKTWINS_CUDA_EMULATED

#include <fstream>
#include <sstream>

#include "kernels/common/cuda.h"
#include "tests/kernels/kernel_counts.h"

using namespace masktwins::tests;

namespace {

std::string text_of(const std::string& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("kernels do what docs/kernels says") {
  const std::string recorded = text_of("docs/kernels/nvcc.txt");
  const std::vector<OpRow> rows = count_kernels();
  CHECK(!rows.empty());
  for (const OpRow& row : rows)
    if (row.needs_reason() && row.reason().empty())
      MESSAGE(row.op, " ", row.phase, " moves ", row.moved_bytes() / row.needed_bytes,
              " times the least bytes or has bank conflicts: mend it, or say why in kernels/", row.op,
              ".h in a line that begins with \"// CUDA: \"");
  if (recorded != compiler_version() + "\n") {
    MESSAGE("counts not compared: docs/kernels was written with nvcc ", recorded, ", this is ",
            compiler_version());
    return;
  }
  const std::string expected = text_of("docs/kernels/counts.json"), actual = to_json(rows);
  if (actual == expected) return;
  std::istringstream expected_lines(expected), actual_lines(actual);
  std::string before, now;
  while (std::getline(actual_lines, now) && std::getline(expected_lines, before) && before == now) {
  }
  FAIL("docs/kernels is not current; run `make kernels`. First difference:\n  recorded ", before,
       "\n  counted  ", now);
}

#endif

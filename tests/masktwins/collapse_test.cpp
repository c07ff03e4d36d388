#include "masktwins/collapse.h"

#include <doctest/doctest.h>

using namespace masktwins;

namespace {

// Warnings after `steps` steps with this share of class 1.
int warnings(CollapseWatch& watch, int steps, double share) {
  int count = 0;
  for (int i = 0; i < steps; ++i) count += watch.add({1 - share, share}).has_value();
  return count;
}

}  // namespace

TEST_CASE("one warning per collapse") {
  CollapseWatch watch;
  CHECK(warnings(watch, 300, 0.07) == 0);
  CHECK(warnings(watch, 300, 0.0) == 1);
  CHECK(warnings(watch, 300, 0.0) == 0);
  CHECK(warnings(watch, 300, 0.07) == 0);
  CHECK(warnings(watch, 600, 1.0) == 1);
}

TEST_CASE("a few empty crops are no collapse") {
  CollapseWatch watch;
  CHECK(warnings(watch, 40, 0.0) == 0);
  CHECK(warnings(watch, 300, 0.05) == 0);
  CHECK(warnings(watch, 30, 0.0) == 0);
}

TEST_CASE("the warning names the class and what to do") {
  CollapseWatch watch;
  std::string text;
  for (int i = 0; i < 100; ++i)
    if (const auto warning = watch.add({0, 0, 1})) text = *warning;
  CHECK(text.find("calls 100 % of the target pixels class 2") != std::string::npos);
  CHECK(text.find("uda.start") != std::string::npos);
}

TEST_CASE("steps without target losses are skipped") {
  CollapseWatch watch;
  for (int i = 0; i < 100; ++i) CHECK(!watch.add({}).has_value());
}

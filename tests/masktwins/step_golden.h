// The loss terms of training steps against golden ones.
#pragma once

#include <doctest/doctest.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "data/safetensors.h"
#include "masktwins/train_step.h"

namespace masktwins::tests {

// Per loss term one value for every step; "quality" is among them.
using Terms = std::map<std::string, std::vector<double>>;

inline void append_terms(const StepReport& report, Terms& terms) {
  for (const auto& [name, value] : report.losses) terms[name].push_back(value.item());
  if (report.pseudo.shares.defined()) terms["quality"].push_back(report.pseudo.quality());
}

// A golden file has one tensor per loss term, with one element per step, beside matrices and images.
inline Terms golden_terms(const data::TensorFile& golden) {
  Terms terms;
  for (const auto& [name, values] : golden.tensors)
    if (name.find('.') == std::string::npos) terms[name] = values.to_values<double>();
  return terms;
}

inline void check_terms(const Terms& actual, const Terms& expected, double tolerance) {
  for (const auto& [name, values] : actual) {
    CAPTURE(name);
    CHECK(expected.count(name) == 1);
  }
  for (const auto& [name, values] : expected) {
    REQUIRE(actual.count(name) == 1);
    REQUIRE(actual.at(name).size() == values.size());
    for (std::size_t t = 0; t < values.size(); ++t) {
      CAPTURE(name);
      CAPTURE(t);
      CHECK(std::abs(actual.at(name)[t] - values[t]) <= tolerance);
    }
  }
}

}  // namespace masktwins::tests

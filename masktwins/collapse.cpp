#include "masktwins/collapse.h"

#include <algorithm>
#include <cmath>

#include "tensor/check.h"

namespace masktwins {
namespace {

constexpr double newest_weight = 0.02;  // the average follows the last fifty steps or so
constexpr int64_t least_steps = 50;
constexpr double collapsed = 0.995, recovered = 0.98;

}  // namespace

std::optional<std::string> CollapseWatch::add(const std::vector<double>& class_share, int64_t steps) {
  if (class_share.empty()) return {};
  if (average_.empty()) average_ = class_share;
  const double weight = 1 - std::pow(1 - newest_weight, static_cast<double>(steps));
  for (std::size_t i = 0; i < average_.size(); ++i) average_[i] += weight * (class_share[i] - average_[i]);
  steps_ += steps;
  const auto largest = std::max_element(average_.begin(), average_.end());
  if (*largest < recovered) warned_ = false;
  if (warned_ || steps_ < least_steps || *largest < collapsed) return {};
  warned_ = true;
  return concat_text(
      "the teacher calls ", std::round(1000 * *largest) / 10, " % of the target pixels class ",
      largest - average_.begin(),
      ": self-training may have collapsed; train longer on the source first (uda.start) or ignore "
      "unsure pixels (uda.threshold)");
}

}  // namespace masktwins

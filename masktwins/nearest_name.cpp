#include "masktwins/nearest_name.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

namespace masktwins {
namespace {

std::string_view after_last_dot(std::string_view name) { return name.substr(name.rfind('.') + 1); }

}  // namespace

int edit_distance(std::string_view a, std::string_view b) {
  std::vector<int> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 0; i < a.size(); ++i) {
    int diagonal = std::exchange(row[0], static_cast<int>(i) + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const int replaced = diagonal + (a[i] != b[j]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

std::string nearest_name(std::string_view name, const std::vector<std::string>& names) {
  std::string best;
  int least = std::numeric_limits<int>::max();
  for (const std::string& candidate : names) {
    // A match of the last parts alone counts as one edit more than the same match of whole names.
    const int distance = std::min(edit_distance(name, candidate),
                                  1 + edit_distance(after_last_dot(name), after_last_dot(candidate)));
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

}  // namespace masktwins

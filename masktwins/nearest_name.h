// "Did you mean ...?" for misspelt names.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace masktwins {

// Least number of inserted, deleted or replaced characters that turn a into b (Levenshtein 1966).
int edit_distance(std::string_view a, std::string_view b);

// The name with the least edit distance, the first of equals; empty without names. Dotted names also match
// by what follows their last dot, so that "lr" finds "train.lr".
std::string nearest_name(std::string_view name, const std::vector<std::string>& names);

}  // namespace masktwins

// The one table of configuration keys. Reading, writing, checking and the documentation all walk it, so a key
// is declared in one line.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "masktwins/config.h"

namespace masktwins {

// Allowed numbers, both ends included. For lists and tables: of every element.
struct Range {
  double low, high;
};

struct ConfigKey {
  // Points into a Config.
  using Target = std::variant<bool*, int64_t*, double*, std::string*, std::vector<double>*,
                              std::vector<std::string>*, std::map<int64_t, int64_t>*>;
  std::string name;  // with its sections: "train.lr"
  Target target;
  std::string help;
  Range range = {};                       // for numbers
  std::vector<std::string> choices = {};  // for strings; empty allows any
  bool changes_result = true;             // false: only where data lies and how a run reports
};

// All keys in the order in which they are written, pointing into `config`.
std::vector<ConfigKey> config_keys(Config& config);

}  // namespace masktwins

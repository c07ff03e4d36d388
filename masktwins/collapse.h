// Watches the teacher's labels: self-training can slide into calling everything one class, and the loss looks
// excellent while it does.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace masktwins {

class CollapseWatch {
 public:
  // Share of each class in the pseudo-labels of one step, which stands for this and the `steps` - 1 before
  // it. A warning when one class has taken nearly everything for many steps; again only after it had
  // recovered.
  std::optional<std::string> add(const std::vector<double>& class_share, int64_t steps = 1);

 private:
  std::vector<double> average_;
  int64_t steps_ = 0;
  bool warned_ = false;
};

}  // namespace masktwins

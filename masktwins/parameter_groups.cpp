#include "masktwins/parameter_groups.h"

#include <algorithm>

#include "tensor/check.h"

namespace masktwins {
namespace {

void require_parameters(const std::string& part, const std::string& key, double factor,
                        const optim::ParameterArena& arena) {
  const bool found = std::ranges::any_of(arena.segments(), [&](const optim::Segment& segment) {
    return segment.name.find(part) != std::string::npos;
  });
  require(found || factor == 1, key, " = ", factor, ", but this network has no parameter with '", part,
          "' in its name; set it to 1");
}

}  // namespace

std::vector<optim::ParameterGroup> parameter_groups(const TrainConfig& train,
                                                    const optim::ParameterArena& arena) {
  require_parameters("head", "train.head_lr_factor", train.head_lr_factor, arena);
  require_parameters("norm", "train.norm_decay_factor", train.norm_decay_factor, arena);
  return {{"head", train.head_lr_factor, train.weight_decay},
          {"norm", 1, train.weight_decay * train.norm_decay_factor}};
}

}  // namespace masktwins

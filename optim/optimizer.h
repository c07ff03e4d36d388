// Optimisers on a parameter arena.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "optim/parameter_arena.h"

namespace masktwins::optim {

struct OptimizerOptions {
  std::string name = "adam";  // adam, adamw or sgd
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
  double momentum = 0.9;  // of sgd
  double weight_decay = 0;
};

// Parameters whose name contains `key` learn with lr * multiplier and their own weight decay; the longest
// matching key wins, of equally long ones the first in the alphabet (section 5: "head" before "norm").
struct ParameterGroup {
  std::string key;
  double lr_multiplier = 1;
  double weight_decay = 0;
};

class Optimizer {
 public:
  virtual ~Optimizer() = default;

  // One update with learning rate lr from the gradients in the arena.
  virtual void step(double lr) = 0;
  // Flat tensors that a checkpoint must hold, by name.
  virtual std::vector<std::pair<std::string, Tensor>> state() const = 0;
  // Number of updates made; set when a run is resumed.
  int64_t updates() const { return updates_; }
  void set_updates(int64_t updates) { updates_ = updates; }

  ParameterArena& arena() { return arena_; }

 protected:
  // Consecutive segments with the same learning rate and decay.
  struct Range {
    int64_t offset, count;
    double lr_multiplier, weight_decay;
  };

  Optimizer(ParameterArena& arena, const OptimizerOptions& options,
            const std::vector<ParameterGroup>& groups);

  ParameterArena& arena_;
  OptimizerOptions options_;
  std::vector<Range> ranges_;
  int64_t updates_ = 0;
};

// The arena must outlive the optimiser and gets gradients if it has none.
std::unique_ptr<Optimizer> build_optimizer(ParameterArena& arena, const OptimizerOptions& options,
                                           const std::vector<ParameterGroup>& groups = {});

}  // namespace masktwins::optim

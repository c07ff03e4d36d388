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
  double clip_norm = 0;       // of all gradients together; 0: none
  bool loss_scaling = false;  // for float16, whose smallest gradients would vanish
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

  // One update with learning rate lr from the gradients in the arena. With `failure` (int32 {2}, see
  // kernels/gradient_control.h) nothing changes once a loss or the gradients of a step were not finite;
  // `step` is then remembered there. The host waits for nothing.
  void step(double lr, const Tensor& failure = {}, int64_t step = 0);
  // What every loss must be multiplied with before backward, a scalar; undefined without loss_scaling.
  Tensor loss_scale() const { return scale_.defined() ? scale_.alias({}) : Tensor(); }
  // The loss as backward must get it.
  Tensor scaled(const Tensor& loss) const;
  // Flat tensors that a checkpoint must hold, by name.
  std::vector<std::pair<std::string, Tensor>> state() const;
  // Number of updates made, without those that were skipped; waits for the device. Set when a run is resumed.
  int64_t updates() const { return updates_.to_values<int32_t>()[0]; }
  void set_updates(int64_t updates) { updates_.fill(static_cast<double>(updates)); }

  ParameterArena& arena() { return arena_; }

 protected:
  // Consecutive segments with the same learning rate and decay.
  struct Range {
    int64_t offset, count;
    double lr_multiplier, weight_decay;
  };

  Optimizer(ParameterArena& arena, const OptimizerOptions& options,
            const std::vector<ParameterGroup>& groups);

  // The update itself; `control` is what gradient_control decided.
  virtual void update(double lr, const Tensor& control) = 0;
  virtual std::vector<std::pair<std::string, Tensor>> moments() const = 0;

  ParameterArena& arena_;
  OptimizerOptions options_;
  std::vector<Range> ranges_;

 private:
  Tensor updates_;  // int32 {1}, on the device: only there it is known whether an update was skipped
  Tensor scale_;    // {factor of the losses, good updates since it changed}
};

// The arena must outlive the optimiser and gets gradients if it has none.
std::unique_ptr<Optimizer> build_optimizer(ParameterArena& arena, const OptimizerOptions& options,
                                           const std::vector<ParameterGroup>& groups = {});

}  // namespace masktwins::optim

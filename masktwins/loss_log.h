// The losses of the steps since somebody last read them. They stay on the device where they were computed, so
// that a training step never waits for a number; one read at every line of the log brings sums and failures
// at once.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace masktwins {

class LossLog {
 public:
  explicit LossLog(Device device);

  // One loss (a scalar) of step number `step`. On the CPU, where reading costs nothing, this is also a
  // check().
  void add(const std::string& name, const Tensor& loss, int64_t step);
  // After the optimiser: on the CPU also a check() of the gradients.
  void end_step() {
    ++steps_;
    if (device_ == Device::cpu) check();
  }

  // int32 {what failed or 0, in which step}, on the device: what optim::Optimizer::step takes.
  Tensor failure() const { return failure_; }
  // Waits for the device. Throws NonFiniteError if a loss or the gradients of a step were not finite.
  void check() const;
  // Forgets that, so that the step can be run again to be explained.
  void forget_failure() { failure_.fill(0); }
  // The step in which that happened.
  int64_t failed_step() const;

  // Mean per step of every loss since the last call, which counts anew from here. Waits for the device;
  // throws as check(). Empty if no step ended.
  std::map<std::string, double> take_means();

 private:
  Device device_;
  Tensor failure_;
  Tensor sums_;  // by slot; undefined before the first loss
  std::vector<std::string> names_;
  int64_t steps_ = 0;
};

}  // namespace masktwins

// The normalisations a network can be built with, each followed by a ReLU in one pass.
#pragma once

#include <memory>
#include <string>

#include "nn/module.h"

namespace masktwins::nn {

class Normalization : public Module {
 public:
  // relu(norm(x)); x (N, C, H, W).
  virtual Tensor forward_relu(const Tensor& x) = 0;
};

// torch.nn.InstanceNorm2d with its defaults: no parameters, no running statistics, eps 1e-5.
class InstanceNorm2d : public Normalization {
 public:
  Tensor forward_relu(const Tensor& x) override;
};

// torch.nn.BatchNorm2d with its defaults: weight, bias, running_mean, running_var with momentum 0.1, eps
// 1e-5.
class BatchNorm2d : public Normalization {
 public:
  // Weights start as `weight`.
  explicit BatchNorm2d(int64_t channels, double weight = 1);
  Tensor forward_relu(const Tensor& x) override { return normalized(x, true); }
  Tensor forward(const Tensor& x) { return normalized(x, false); }

 private:
  Tensor normalized(const Tensor& x, bool relu);

  Tensor weight_, bias_, running_mean_, running_var_, num_batches_tracked_;
};

// torch.nn.GroupNorm with weight and bias, eps 1e-5.
class GroupNorm : public Normalization {
 public:
  GroupNorm(int64_t groups, int64_t channels);
  Tensor forward_relu(const Tensor& x) override;

 private:
  int64_t groups_;
  Tensor weight_, bias_;
};

// name: instance, batch, or group (as many groups up to 32 as divide the channels).
std::unique_ptr<Normalization> build_normalization(const std::string& name, int64_t channels);

}  // namespace masktwins::nn

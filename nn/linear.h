#pragma once

#include "nn/initializer.h"
#include "nn/module.h"

namespace masktwins::nn {

// torch.nn.Linear: parameters weight (outputs, inputs) and bias (outputs). Takes images (N, C, H, W), whose
// pixels are the rows, and rows (..., C).
class Linear : public Module {
 public:
  // Both drawn from U(-1/sqrt(inputs), 1/sqrt(inputs)), as PyTorch does.
  Linear(int64_t inputs, int64_t outputs, Initializer& init);
  // With these first values.
  Linear(Tensor weight, Tensor bias);
  Tensor forward(const Tensor& x) const;

 private:
  Tensor weight_, bias_;
};

}  // namespace masktwins::nn

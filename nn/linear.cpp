#include "nn/linear.h"

#include <cmath>

#include "tensor/ops/linear.h"

namespace masktwins::nn {

Linear::Linear(int64_t inputs, int64_t outputs, Initializer& init) {
  const double bound = 1 / std::sqrt(static_cast<double>(inputs));
  weight_ = init.uniform({outputs, inputs}, bound);
  bias_ = init.uniform({outputs}, bound);
  register_parameter("weight", weight_);
  register_parameter("bias", bias_);
}

Linear::Linear(Tensor weight, Tensor bias) : weight_(std::move(weight)), bias_(std::move(bias)) {
  register_parameter("weight", weight_);
  register_parameter("bias", bias_);
}

Tensor Linear::forward(const Tensor& x) const { return linear(x, weight_, bias_); }

}  // namespace masktwins::nn

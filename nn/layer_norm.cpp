#include "nn/layer_norm.h"

#include "tensor/ops/layer_norm.h"

namespace masktwins::nn {

LayerNorm::LayerNorm(int64_t channels, double eps)
    : eps_(eps), weight_(Tensor::full({channels}, 1)), bias_(Tensor::zeros({channels})) {
  register_parameter("weight", weight_);
  register_parameter("bias", bias_);
}

Tensor LayerNorm::forward(const Tensor& x) const { return layer_norm(x, weight_, bias_, eps_); }

}  // namespace masktwins::nn

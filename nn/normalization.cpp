#include "nn/normalization.h"

#include <numeric>

#include "tensor/autograd.h"
#include "tensor/ops/batch_norm.h"
#include "tensor/ops/group_norm.h"
#include "tensor/ops/instance_norm.h"

namespace masktwins::nn {

Tensor InstanceNorm2d::forward_relu(const Tensor& x) { return instance_norm(x, {}, {}, {.relu = true}); }

BatchNorm2d::BatchNorm2d(int64_t channels, double weight)
    : weight_(Tensor::full({channels}, weight)),
      bias_(Tensor::zeros({channels})),
      running_mean_(Tensor::zeros({channels})),
      running_var_(Tensor::full({channels}, 1)),
      num_batches_tracked_(Tensor::zeros({}, DType::int64)) {
  register_parameter("weight", weight_);
  register_parameter("bias", bias_);
  register_buffer("running_mean", running_mean_);
  register_buffer("running_var", running_var_);
  register_buffer("num_batches_tracked", num_batches_tracked_);
}

Tensor BatchNorm2d::normalized(const Tensor& x, bool relu) {
  if (training() && !replaying_checkpoint()) ++*num_batches_tracked_.data<int64_t>();
  return batch_norm(x, weight_, bias_, running_mean_, running_var_, {.training = training(), .relu = relu});
}

GroupNorm::GroupNorm(int64_t groups, int64_t channels)
    : groups_(groups), weight_(Tensor::full({channels}, 1)), bias_(Tensor::zeros({channels})) {
  register_parameter("weight", weight_);
  register_parameter("bias", bias_);
}

Tensor GroupNorm::forward_relu(const Tensor& x) {
  return group_norm(x, groups_, weight_, bias_, {.relu = true});
}

std::unique_ptr<Normalization> build_normalization(const std::string& name, int64_t channels) {
  if (name == "instance") return std::make_unique<InstanceNorm2d>();
  if (name == "batch") return std::make_unique<BatchNorm2d>(channels);
  if (name == "group") return std::make_unique<GroupNorm>(std::gcd(int64_t{32}, channels), channels);
  fail("model.norm: unknown normalisation '", name, "'; known: instance, batch, group");
}

}  // namespace masktwins::nn

#include "tensor/ops/instance_norm.h"

namespace masktwins {

Tensor instance_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, const NormOptions& options) {
  const auto [batch, channels, height, width] = check_norm_inputs("instance_norm", x, {weight, bias});
  const Normalization kind{
      "instance_norm", "instance_norm_backward", {batch, height * width, channels, channels}, options};
  return normalize(kind, x, region_moments(kind, x), weight, bias);
}

namespace {

// Inputs: x, or x, weight and bias.
Tensors run(const Tensors& inputs, const Attributes& attributes) {
  const NormOptions options{.relu = attribute(attributes, "relu") != 0};
  if (inputs.size() == 1) return {instance_norm(inputs[0], {}, {}, options)};
  return {instance_norm(inputs[0], inputs[1], inputs[2], options)};
}

Tensors reference(const Tensors& inputs, const Attributes& attributes) {
  const Tensor& x = inputs[0];
  const bool affine = inputs.size() > 1;
  return {norm_reference(
              x, affine ? inputs[1] : Tensor(), affine ? inputs[2] : Tensor(), x.dim(0) * x.dim(1),
              [&](int64_t n, int64_t c) { return n * x.dim(1) + c; }, 1e-5,
              attribute(attributes, "relu") != 0)
              .y};
}

Argument parameter(int64_t channels) { return {.shape = {channels}, .always_wide = true}; }

const RegisterOp registered({
    .name = "instance_norm",
    .formula = "y = relu?((x - mean_nc) / sqrt(var_nc + eps) * weight_c + bias_c)",
    .run = run,
    .reference = reference,
    .samples = {{{{{2, 3, 5, 7}}}, {{"relu", 1}}},
                {{{{2, 5, 3, 4}}, parameter(5), parameter(5)}, {{"relu", 1}}},
                {{{{1, 4, 3, 3}}, parameter(4), parameter(4)}, {{"relu", 0}}},
                {{{{1, 1, 1, 1}}}, {{"relu", 0}}},
                {{{{0, 3, 4, 4}}}, {{"relu", 1}}},
                {{{{2, 20, 71, 53}, Fill::uniform, 7, 9}}, {{"relu", 1}}},
                {{{{2, 16, 9, 11}}, parameter(16), parameter(16)}, {{"relu", 1}}}},
    .benchmarks = {{{{{2, 32, 256, 256}}}, {{"relu", 1}}}, {{{{2, 512, 16, 16}}}, {{"relu", 1}}}},
    .work = [](const Tensors& inputs, const Attributes&) { return norm_work(inputs[0]); },
});

}  // namespace
}  // namespace masktwins

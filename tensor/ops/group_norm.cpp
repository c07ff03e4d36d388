#include "tensor/ops/group_norm.h"

namespace masktwins {

Tensor group_norm(const Tensor& x, int64_t groups, const Tensor& weight, const Tensor& bias,
                  const NormOptions& options) {
  const auto [batch, channels, height, width] = check_norm_inputs("group_norm", x, {weight, bias});
  require(groups > 0 && channels % groups == 0, "group_norm: ", groups, " groups do not divide ", channels,
          " channels");
  const Normalization kind{
      "group_norm", "group_norm_backward", {batch, height * width, channels, groups}, options};
  return normalize(kind, x, region_moments(kind, x), weight, bias);
}

namespace {

// Inputs: x, or x, weight and bias.
Tensors run(const Tensors& inputs, const Attributes& attributes) {
  const NormOptions options{.relu = attribute(attributes, "relu") != 0};
  const int64_t groups = attribute(attributes, "groups");
  if (inputs.size() == 1) return {group_norm(inputs[0], groups, {}, {}, options)};
  return {group_norm(inputs[0], groups, inputs[1], inputs[2], options)};
}

Tensors reference(const Tensors& inputs, const Attributes& attributes) {
  const Tensor& x = inputs[0];
  const bool affine = inputs.size() > 1;
  const int64_t groups = attribute(attributes, "groups"), group_size = x.dim(1) / groups;
  return {norm_reference(
              x, affine ? inputs[1] : Tensor(), affine ? inputs[2] : Tensor(), x.dim(0) * groups,
              [&](int64_t n, int64_t c) { return n * groups + c / group_size; }, 1e-5,
              attribute(attributes, "relu") != 0)
              .y};
}

Argument parameter(int64_t channels) { return {.shape = {channels}, .always_wide = true}; }

const RegisterOp registered({
    .name = "group_norm",
    .formula = "y = relu?((x - mean_ng) / sqrt(var_ng + eps) * weight_c + bias_c), g = group of c",
    .run = run,
    .reference = reference,
    .samples = {{{{{2, 6, 5, 3}}, parameter(6), parameter(6)}, {{"groups", 2}, {"relu", 1}}},
                {{{{1, 5, 3, 3}}}, {{"groups", 1}, {"relu", 0}}},
                {{{{1, 4, 1, 1}}, parameter(4), parameter(4)}, {{"groups", 2}, {"relu", 1}}},
                {{{{0, 4, 2, 2}}}, {{"groups", 4}, {"relu", 1}}},
                {{{{2, 20, 71, 53}, Fill::uniform, 7, 9}}, {{"groups", 5}, {"relu", 1}}}},
    .benchmarks = {{{{{2, 64, 256, 256}}, parameter(64), parameter(64)}, {{"groups", 32}, {"relu", 1}}}},
    .work = [](const Tensors& inputs, const Attributes&) { return norm_work(inputs[0]); },
});

}  // namespace
}  // namespace masktwins

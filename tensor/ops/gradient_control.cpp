#include "tensor/ops/gradient_control.h"

#include <algorithm>
#include <cmath>

#include "kernels/gradient_control.h"
#include "tensor/dispatch.h"
#include "tensor/op.h"

namespace masktwins {

Tensor gradient_control(const Tensor& squared_norm, Tensor failure, Tensor scale, Tensor updates, DType dtype,
                        int64_t step, const GradientControlOptions& options) {
  require(failure.dtype() == DType::int32 && failure.numel() == 2, "gradient_control: failure is int32 {2}");
  require(!scale.defined() || scale.numel() == 2, "gradient_control: the scale is {factor, good updates}");
  require(updates.dtype() == DType::int32 && updates.numel() == 1, "gradient_control: updates is int32 {1}");
  Tensor control = Tensor::empty({4}, dtype, failure.device());
  const ProfileScope profile("gradient_control", {static_cast<double>(control.bytes()), 0});
  dispatch(control, "gradient_control", [&](auto device, auto zero) {
    using T = decltype(zero);
    const kernels::GradientControlArgs<T> args{options.limit,
                                               options.growth_interval,
                                               options.beta1,
                                               options.beta2,
                                               static_cast<int32_t>(step),
                                               squared_norm.defined() ? squared_norm.data<T>() : nullptr,
                                               failure.data<int32_t>(),
                                               scale.defined() ? scale.data<T>() : nullptr,
                                               updates.data<int32_t>(),
                                               control.data<T>()};
    if constexpr (device == Device::cpu) kernels::cpu::gradient_control(args);
    else if constexpr (std::is_same_v<T, float>) kernels::cuda::gradient_control(args);
    else fail("gradient_control: the norm is float32 on cuda, not ", dtype);
  });
  return control;
}

namespace {

// Inputs: squared norm (infinite in its place unless `finite`), {factor of the losses, good updates},
// failure, updates. Results: control, scale, failure and updates afterwards.
constexpr double beta1 = 0.9, beta2 = 0.999;

Tensors run(const Tensors& inputs, const Attributes& a) {
  const Tensor scale = attribute(a, "scaled") != 0 ? inputs[1].clone() : Tensor(),
               failure = inputs[2].clone(), updates = inputs[3].clone();
  Tensor squared_norm = inputs[0].clone();
  if (attribute(a, "finite") == 0) squared_norm.fill(INFINITY);
  const Tensor control =
      gradient_control(squared_norm, failure, scale, updates, inputs[0].dtype(), attribute(a, "step"),
                       {real_attribute(a, "limit"), attribute(a, "growth_interval"), beta1, beta2});
  return {control, scale.defined() ? scale : inputs[1], failure, updates};
}

Tensors reference(const Tensors& inputs, const Attributes& a) {
  Tensor scale = inputs[1].clone(), failure = inputs[2].clone(), updates = inputs[3].clone();
  double* s = scale.data<double>();
  int32_t* failed = failure.data<int32_t>();
  const bool scaled = attribute(a, "scaled") != 0;
  const double factor = scaled ? s[0] : 1, limit = real_attribute(a, "limit");
  const bool finite = attribute(a, "finite") != 0;
  const double norm = finite ? std::sqrt(inputs[0].data<double>()[0]) / factor : INFINITY;
  if (!finite && !scaled && failed[0] == 0)
    failed[0] = -1, failed[1] = static_cast<int32_t>(attribute(a, "step"));
  Tensor control = Tensor::full({4}, 1, DType::float64);
  double* out = control.data<double>();
  out[0] = (limit > 0 ? std::min(1.0, limit / (norm + 1e-6)) : 1) / factor;
  if (finite && failed[0] == 0) {
    const double t = ++*updates.data<int32_t>();
    out[1] = 0;
    out[2] = 1 / (1 - std::pow(beta1, t));
    out[3] = 1 / std::sqrt(1 - std::pow(beta2, t));
  }
  if (!scaled) return {control, scale, failure, updates};
  if (!finite) s[0] /= 2, s[1] = 0;
  else if (++s[1] >= real_attribute(a, "growth_interval")) s[0] *= 2, s[1] = 0;
  return {control, scale, failure, updates};
}

Sample sample(double squared_norm, bool scaled, double limit, double growth_interval, double failed = 0,
              bool finite = true, double updates = 6) {
  const Argument norm{.shape = {}, .fill = Fill::uniform, .low = squared_norm, .high = squared_norm};
  const Argument scale{.shape = {2}, .fill = Fill::uniform, .low = 2, .high = 2};
  const Argument failure{
      .shape = {2}, .fill = Fill::integers, .low = failed, .high = failed, .dtype = DType::int32};
  const Argument made{
      .shape = {1}, .fill = Fill::integers, .low = updates, .high = updates, .dtype = DType::int32};
  return {{norm, scale, failure, made},
          {{"scaled", scaled},
           {"limit", limit},
           {"growth_interval", growth_interval},
           {"step", 7},
           {"finite", finite}}};
}

const RegisterOp registered({
    .name = "gradient_control",
    .formula = "factor = min(1, limit / ‖g‖) / scale, skip = a loss or ‖g‖ is not finite, Adam's corrections",
    .run = run,
    .reference = reference,
    .samples = {sample(9, false, 1, 1), sample(9, false, 0, 1, 0, true, 0), sample(64, true, 1, 3),
                sample(64, true, 10, 4), sample(9, false, 1, 1, 3), sample(9, true, 0, 1, 0, false),
                sample(9, false, 1, 1, 0, false)},
    .benchmarks = {sample(9, true, 1, 3)},
    .work =
        [](const Tensors&, const Attributes&) {
          return Work{44, 16};
        },
    .has_gradient = false,
    .cuda_dtypes = {DType::float32},
    .autocast = Autocast::keep_float32,
});

}  // namespace
}  // namespace masktwins

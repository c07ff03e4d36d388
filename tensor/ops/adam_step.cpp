#include "tensor/ops/adam_step.h"

#include <cmath>

#include "tensor/dispatch.h"
#include "tensor/op.h"

namespace masktwins {
namespace {

Work work(const Tensor& parameter) {
  return {7.0 * static_cast<double>(parameter.bytes()), 12.0 * static_cast<double>(parameter.numel())};
}

}  // namespace

void adam_step(Tensor parameter, const Tensor& gradient, Tensor first_moment, Tensor second_moment,
               const kernels::AdamOptions& options, const Tensor& control) {
  for (const Tensor& other : {gradient, first_moment, second_moment})
    require_same(parameter, other, "adam_step");
  require(control.numel() == 4, "adam_step: control is {factor, skip, two corrections}, got ",
          control.shape());
  const ProfileScope profile("adam_step", work(parameter));
  dispatch(parameter, "adam_step", [&](auto device, auto zero) {
    using T = decltype(zero);
    const kernels::AdamStepArgs<T> args{options,
                                        parameter.numel(),
                                        gradient.data<T>(),
                                        parameter.data<T>(),
                                        first_moment.data<T>(),
                                        second_moment.data<T>(),
                                        control.data<T>()};
    if constexpr (device == Device::cpu) kernels::cpu::adam_step(args);
    else if constexpr (std::is_same_v<T, float>) kernels::cuda::adam_step(args);
    else fail("adam_step: cuda keeps parameters in float32, not in ", parameter.dtype());
  });
}

namespace {

kernels::AdamOptions options_of(const Attributes& a) {
  return {.lr = real_attribute(a, "lr"),
          .beta1 = 0.9,
          .beta2 = 0.999,
          .eps = 1e-8,
          .weight_decay = real_attribute(a, "weight_decay"),
          .decoupled = attribute(a, "decoupled") != 0};
}

// Update number t, of gradients as they are.
Tensor control_of(const Tensor& parameter, double t) {
  const std::vector<double> control{1, 0, 1 / (1 - std::pow(0.9, t)), 1 / std::sqrt(1 - std::pow(0.999, t))};
  return Tensor::from_values<double>({4}, control).to(parameter.dtype()).to(parameter.device());
}

Tensors run(const Tensors& inputs, const Attributes& attributes) {
  const Tensor p = inputs[0].clone(), m = inputs[2].clone(), v = inputs[3].clone();
  adam_step(p, inputs[1], m, v, options_of(attributes), control_of(p, real_attribute(attributes, "t")));
  return {p, m, v};
}

Tensors reference(const Tensors& inputs, const Attributes& attributes) {
  const kernels::AdamOptions o = options_of(attributes);
  const double t = real_attribute(attributes, "t");
  Tensor p = inputs[0].clone(), m = inputs[2].clone(), v = inputs[3].clone();
  for (int64_t i = 0; i < p.numel(); ++i) {
    double& weight = p.data<double>()[i];
    double g = inputs[1].data<double>()[i];
    if (o.decoupled) weight -= o.lr * o.weight_decay * weight;
    else g += o.weight_decay * weight;
    double& first = m.data<double>()[i] = 0.9 * m.data<double>()[i] + 0.1 * g;
    double& second = v.data<double>()[i] = 0.999 * v.data<double>()[i] + 0.001 * g * g;
    const double mean = first / (1 - std::pow(0.9, t)), variance = second / (1 - std::pow(0.999, t));
    weight -= o.lr * mean / (std::sqrt(variance) + 1e-8);
  }
  return {p, m, v};
}

Sample sample(const Shape& shape, double t, double lr, double weight_decay, double decoupled) {
  const Argument variance{shape, Fill::uniform, 0.1, 1};
  return {{{shape}, {shape}, {shape}, variance},
          {{"t", t}, {"lr", lr}, {"weight_decay", weight_decay}, {"decoupled", decoupled}}};
}

const RegisterOp registered({
    .name = "adam_step",
    .formula = "m = β1·m + (1-β1)·g, v = β2·v + (1-β2)·g², p -= lr·m̂ / (√v̂ + ε)",
    .run = run,
    .reference = reference,
    .samples = {sample({257}, 1, 0.01, 0, 0), sample({33}, 10, 0.1, 0.1, 0), sample({33}, 1000, 0.1, 0.1, 1),
                sample({1}, 2, 0.1, 0, 0), sample({0}, 1, 0.1, 0, 0)},
    .benchmarks = {sample({4 << 20}, 10, 1e-3, 0.01, 1)},
    .work = [](const Tensors& inputs, const Attributes&) { return work(inputs[0]); },
    .has_gradient = false,
    .cuda_dtypes = {DType::float32},
});

}  // namespace
}  // namespace masktwins

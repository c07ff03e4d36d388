#include "tensor/ops/sgd_step.h"

#include "tensor/dispatch.h"
#include "tensor/op.h"

namespace masktwins {
namespace {

Work work(const Tensor& parameter) {
  return {5.0 * static_cast<double>(parameter.bytes()), 6.0 * static_cast<double>(parameter.numel())};
}

}  // namespace

void sgd_step(Tensor parameter, const Tensor& gradient, Tensor momentum, const kernels::SgdOptions& options,
              const Tensor& control) {
  require_same(parameter, gradient, "sgd_step");
  require_same(parameter, momentum, "sgd_step");
  const ProfileScope profile("sgd_step", work(parameter));
  dispatch(parameter, "sgd_step", [&](auto device, auto zero) {
    using T = decltype(zero);
    const kernels::SgdStepArgs<T> args{options,
                                       parameter.numel(),
                                       gradient.data<T>(),
                                       parameter.data<T>(),
                                       momentum.data<T>(),
                                       control.defined() ? control.data<T>() : nullptr};
    if constexpr (device == Device::cpu) kernels::cpu::sgd_step(args);
    else if constexpr (std::is_same_v<T, float>) kernels::cuda::sgd_step(args);
    else fail("sgd_step: cuda keeps parameters in float32, not in ", parameter.dtype());
  });
}

namespace {

Tensors run(const Tensors& inputs, const Attributes& a) {
  const Tensor p = inputs[0].clone(), m = inputs[2].clone();
  sgd_step(p, inputs[1], m,
           {real_attribute(a, "lr"), real_attribute(a, "momentum"), real_attribute(a, "weight_decay")});
  return {p, m};
}

Tensors reference(const Tensors& inputs, const Attributes& a) {
  Tensor p = inputs[0].clone(), m = inputs[2].clone();
  for (int64_t i = 0; i < p.numel(); ++i) {
    double& weight = p.data<double>()[i];
    double& velocity = m.data<double>()[i];
    velocity = real_attribute(a, "momentum") * velocity + inputs[1].data<double>()[i] +
               real_attribute(a, "weight_decay") * weight;
    weight -= real_attribute(a, "lr") * velocity;
  }
  return {p, m};
}

Sample sample(const Shape& shape, double lr, double momentum, double weight_decay) {
  return {{{shape}, {shape}, {shape}}, {{"lr", lr}, {"momentum", momentum}, {"weight_decay", weight_decay}}};
}

const RegisterOp registered({
    .name = "sgd_step",
    .formula = "m = μ·m + g + λ·p, p -= lr·m",
    .run = run,
    .reference = reference,
    .samples = {sample({257}, 0.1, 0.9, 1e-4), sample({33}, 0.1, 0, 0), sample({1}, 0.1, 0.9, 0.1),
                sample({0}, 1, 0, 0)},
    .benchmarks = {sample({4 << 20}, 0.1, 0.9, 1e-4)},
    .work = [](const Tensors& inputs, const Attributes&) { return work(inputs[0]); },
    .has_gradient = false,
    .cuda_dtypes = {DType::float32},
});

}  // namespace
}  // namespace masktwins

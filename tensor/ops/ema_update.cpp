#include "tensor/ops/ema_update.h"

#include "kernels/ema_update.h"
#include "tensor/dispatch.h"
#include "tensor/op.h"

namespace masktwins {
namespace {

Work work(const Tensor& average) {
  return {3.0 * static_cast<double>(average.bytes()), 3.0 * static_cast<double>(average.numel())};
}

}  // namespace

void ema_update(Tensor average, const Tensor& value, double alpha) {
  require_same(average, value, "ema_update");
  const ProfileScope profile("ema_update", work(average));
  dispatch(average, "ema_update", [&](auto device, auto zero) {
    using T = decltype(zero);
    const kernels::EmaUpdateArgs<T> args{alpha, average.numel(), value.data<T>(), average.data<T>()};
    if constexpr (device == Device::cpu) kernels::cpu::ema_update(args);
    else if constexpr (std::is_same_v<T, float>) kernels::cuda::ema_update(args);
    else fail("ema_update: cuda keeps parameters in float32, not in ", average.dtype());
  });
}

namespace {

Tensors run(const Tensors& inputs, const Attributes& attributes) {
  const Tensor average = inputs[0].clone();
  ema_update(average, inputs[1], real_attribute(attributes, "alpha"));
  return {average};
}

Tensors reference(const Tensors& inputs, const Attributes& attributes) {
  const double alpha = real_attribute(attributes, "alpha");
  Tensor average = inputs[0].clone();
  for (int64_t i = 0; i < average.numel(); ++i)
    average.data<double>()[i] = alpha * average.data<double>()[i] + (1 - alpha) * inputs[1].data<double>()[i];
  return {average};
}

Sample sample(const Shape& shape, double alpha) { return {{{shape}, {shape}}, {{"alpha", alpha}}}; }

const RegisterOp registered({
    .name = "ema_update",
    .formula = "average = α·average + (1-α)·value",
    .run = run,
    .reference = reference,
    .samples = {sample({257}, 0.999), sample({3, 5, 2, 2}, 0.5), sample({1}, 0), sample({0}, 0.9)},
    .benchmarks = {sample({4 << 20}, 0.999)},
    .work = [](const Tensors& inputs, const Attributes&) { return work(inputs[0]); },
    .has_gradient = false,
    .cuda_dtypes = {DType::float32},
});

}  // namespace
}  // namespace masktwins

#include "tensor/ops/scale.h"

#include "kernels/scale.h"
#include "tensor/autograd.h"
#include "tensor/dispatch.h"
#include "tensor/op.h"

namespace masktwins {
namespace {

Work work(const Tensor& x) {
  return {2.0 * static_cast<double>(x.bytes()), 2.0 * static_cast<double>(x.numel())};
}

Tensor scaled(const char* name, const Tensor& x, double factor, double offset) {
  Tensor y = Tensor::empty(x.shape(), x.dtype(), x.device());
  const ProfileScope profile(name, work(x));
  dispatch(x, "scale", [&](auto device, auto zero) {
    using T = decltype(zero);
    const kernels::ScaleArgs<T> args{x.data<T>(), y.data<T>(), x.numel(),
                                     static_cast<kernels::Wide<T>>(factor),
                                     static_cast<kernels::Wide<T>>(offset)};
    if constexpr (device == Device::cpu) kernels::cpu::scale(args);
    else kernels::cuda::scale(args);
  });
  return y;
}

}  // namespace

Tensor scale(const Tensor& x, double factor, double offset) {
  return record("scale", scaled("scale", x, factor, offset), {x},
                [factor](const Tensor& dy, InputGradients& inputs) {
                  inputs.add(0, scaled("scale_backward", dy, factor, 0));
                });
}

namespace {

Tensors run(const Tensors& inputs, const Attributes& attributes) {
  return {scale(inputs[0], real_attribute(attributes, "factor"), real_attribute(attributes, "offset"))};
}

Tensors reference(const Tensors& inputs, const Attributes& attributes) {
  Tensor y = inputs[0].clone();
  const double factor = real_attribute(attributes, "factor"), offset = real_attribute(attributes, "offset");
  for (int64_t i = 0; i < y.numel(); ++i) y.data<double>()[i] = factor * y.data<double>()[i] + offset;
  return {y};
}

const RegisterOp registered({
    .name = "scale",
    .formula = "y = factor * x + offset",
    .run = run,
    .reference = reference,
    .samples = {{{{{2, 3, 5, 7}}}, {{"factor", -1.5}, {"offset", 0.25}}},
                {{{{1}}}, {{"factor", 3}, {"offset", 0}}},
                {{{{0, 3}}}, {{"factor", 2}, {"offset", 1}}},
                {{{{2, 16387}}}, {{"factor", 2}, {"offset", 1}}}},
    .benchmarks = {{{{{2, 32, 256, 256}}}, {{"factor", 2}, {"offset", 1}}}},
    .work = [](const Tensors& inputs, const Attributes&) { return work(inputs[0]); },
});

}  // namespace
}  // namespace masktwins

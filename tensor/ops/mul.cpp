#include "tensor/ops/mul.h"

#include "kernels/mul.h"
#include "tensor/autograd.h"
#include "tensor/dispatch.h"
#include "tensor/op.h"

namespace masktwins {
namespace {

Work work(const Tensor& a) { return {3.0 * static_cast<double>(a.bytes()), static_cast<double>(a.numel())}; }

Tensor multiply(const char* name, const Tensor& a, const Tensor& b) {
  Tensor y = Tensor::empty(a.shape(), a.dtype(), a.device());
  const ProfileScope profile(name, work(a));
  dispatch(a, "mul", [&](auto device, auto zero) {
    using T = decltype(zero);
    const kernels::MulArgs<T> args{a.data<T>(), b.data<T>(), y.data<T>(), a.numel()};
    if constexpr (device == Device::cpu) kernels::cpu::mul(args);
    else kernels::cuda::mul(args);
  });
  return y;
}

}  // namespace

Tensor mul(const Tensor& a, const Tensor& b) {
  require_same(a, b, "mul");
  // Each factor is kept only if the other one wants a gradient.
  const Saved kept_a = b.requires_grad() ? Saved(a) : Saved();
  const Saved kept_b = a.requires_grad() ? Saved(b) : Saved();
  return record("mul", multiply("mul", a, b), {a, b},
                [kept_a, kept_b](const Tensor& dy, InputGradients& inputs) {
                  if (inputs.wanted(0)) inputs.add(0, multiply("mul_backward", dy, kept_b.get()));
                  if (inputs.wanted(1)) inputs.add(1, multiply("mul_backward", dy, kept_a.get()));
                });
}

namespace {

Tensors reference(const Tensors& inputs, const Attributes&) {
  Tensor y = inputs[0].clone();
  for (int64_t i = 0; i < y.numel(); ++i) y.data<double>()[i] *= inputs[1].data<double>()[i];
  return {y};
}

const RegisterOp registered({
    .name = "mul",
    .formula = "y = a * b",
    .run = [](const Tensors& inputs, const Attributes&) { return Tensors{mul(inputs[0], inputs[1])}; },
    .reference = reference,
    .samples = {{{{{2, 3, 5, 7}}, {{2, 3, 5, 7}}}, {}},
                {{{{1}}, {{1}}}, {}},
                {{{{0, 3}}, {{0, 3}}}, {}},
                {{{{2, 16387}}, {{2, 16387}}}, {}}},
    .benchmarks = {{{{{2, 32, 256, 256}}, {{2, 32, 256, 256}}}, {}}},
    .work = [](const Tensors& inputs, const Attributes&) { return work(inputs[0]); },
});

}  // namespace
}  // namespace masktwins

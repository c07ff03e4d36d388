#include "tensor/ops/add.h"

#include "kernels/add.h"
#include "tensor/autograd.h"
#include "tensor/dispatch.h"
#include "tensor/op.h"

namespace masktwins {
namespace {

Work work(const Tensor& a) { return {3.0 * static_cast<double>(a.bytes()), static_cast<double>(a.numel())}; }

}  // namespace

Tensor add(const Tensor& a, const Tensor& b) {
  require_same(a, b, "add");
  Tensor y = Tensor::empty(a.shape(), a.dtype(), a.device());
  {
    const ProfileScope profile("add", work(a));
    dispatch(a, "add", [&](auto device, auto zero) {
      using T = decltype(zero);
      const kernels::AddArgs<T> args{a.data<T>(), b.data<T>(), y.data<T>(), a.numel()};
      if constexpr (device == Device::cpu) kernels::cpu::add(args);
      else kernels::cuda::add(args);
    });
  }
  return record("add", y, {a, b}, [](const Tensor& dy, InputGradients& inputs) {
    inputs.add(0, dy);
    inputs.add(1, dy);
  });
}

namespace {

Tensors reference(const Tensors& inputs, const Attributes&) {
  Tensor y = inputs[0].clone();
  for (int64_t i = 0; i < y.numel(); ++i) y.data<double>()[i] += inputs[1].data<double>()[i];
  return {y};
}

const RegisterOp registered({
    .name = "add",
    .formula = "y = a + b",
    .run = [](const Tensors& inputs, const Attributes&) { return Tensors{add(inputs[0], inputs[1])}; },
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

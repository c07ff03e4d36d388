#include "tensor/ops/sum.h"

#include "kernels/sum.h"
#include "tensor/autograd.h"
#include "tensor/dispatch.h"
#include "tensor/op.h"

namespace masktwins {
namespace {

Work work(const Tensor& x) { return {static_cast<double>(x.bytes()), static_cast<double>(x.numel())}; }

Tensor sum_backward(const Tensor& dy, const Shape& shape, DType dtype, double factor) {
  Tensor dx = Tensor::empty(shape, dtype, dy.device());
  const ProfileScope profile("sum_backward", {static_cast<double>(dx.bytes()), 0});
  dispatch(dx, "sum", [&](auto device, auto zero) {
    using T = decltype(zero);
    const kernels::SumBackwardArgs<T> args{dy.data<kernels::Wide<T>>(), dx.data<T>(), dx.numel(), factor};
    if constexpr (device == Device::cpu) kernels::cpu::sum_backward(args);
    else kernels::cuda::sum_backward(args);
  });
  return dx;
}

}  // namespace

Tensor scaled_sum(const char* op, const Tensor& x, double factor) {
  Tensor y = Tensor::empty({}, wide(x.dtype()), x.device());
  {
    const ProfileScope profile(op, work(x));
    dispatch(x, op, [&](auto device, auto zero) {
      using T = decltype(zero);
      const kernels::SumArgs<T> args{x.data<T>(), y.data<kernels::Wide<T>>(), x.numel(), factor};
      if constexpr (device == Device::cpu) kernels::cpu::sum(args);
      else kernels::cuda::sum(args);
    });
  }
  return record(op, y, {x},
                [shape = x.shape(), dtype = x.dtype(), factor](const Tensor& dy, InputGradients& inputs) {
                  inputs.add(0, sum_backward(dy, shape, dtype, factor));
                });
}

Tensor sum(const Tensor& x) { return scaled_sum("sum", x, 1); }

namespace {

Tensors reference(const Tensors& inputs, const Attributes&) {
  double total = 0;
  for (int64_t i = 0; i < inputs[0].numel(); ++i) total += inputs[0].data<double>()[i];
  return {Tensor::full({}, total, DType::float64)};
}

const RegisterOp registered({
    .name = "sum",
    .formula = "y = sum of all x",
    .run = [](const Tensors& inputs, const Attributes&) { return Tensors{sum(inputs[0])}; },
    .reference = reference,
    .samples = {{{{{2, 3, 5, 7}}}, {}}, {{{{1}}}, {}}, {{{{0, 3}}}, {}}, {{{{2, 16387}, Fill::uniform}}, {}}},
    .benchmarks = {{{{{2, 32, 256, 256}}}, {}}},
    .work = [](const Tensors& inputs, const Attributes&) { return work(inputs[0]); },
});

}  // namespace
}  // namespace masktwins

#include "tensor/ops/sum.h"

#include "kernels/sum.h"
#include "tensor/autograd.h"
#include "tensor/op.h"

namespace masktwins {
namespace {

Work work(const Tensor& x) { return {static_cast<double>(x.bytes()), static_cast<double>(x.numel())}; }

Tensor sum_backward(const Tensor& dy, const Shape& shape, double factor) {
  Tensor dx = Tensor::empty(shape, dy.dtype(), dy.device());
  const ProfileScope profile("sum_backward", {static_cast<double>(dx.bytes()), 0});
  dispatch_floating(dy.dtype(), "sum", [&](auto zero) {
    using T = decltype(zero);
    const kernels::SumBackwardArgs<T> args{dy.data<T>(), dx.data<T>(), dx.numel(), factor};
    switch (dy.device()) {
      case Device::cpu: return kernels::cpu::sum_backward(args);
      default: no_kernel("sum", dy.device());
    }
  });
  return dx;
}

}  // namespace

Tensor scaled_sum(const char* op, const Tensor& x, double factor) {
  Tensor y = Tensor::empty({}, x.dtype(), x.device());
  {
    const ProfileScope profile(op, work(x));
    dispatch_floating(x.dtype(), op, [&](auto zero) {
      using T = decltype(zero);
      const kernels::SumArgs<T> args{x.data<T>(), y.data<T>(), x.numel(), factor};
      switch (x.device()) {
        case Device::cpu: return kernels::cpu::sum(args);
        default: no_kernel(op, x.device());
      }
    });
  }
  return record(op, y, {x}, [shape = x.shape(), factor](const Tensor& dy, InputGradients& inputs) {
    inputs.add(0, sum_backward(dy, shape, factor));
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

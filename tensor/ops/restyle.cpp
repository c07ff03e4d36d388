#include "tensor/ops/restyle.h"

#include <cmath>

#include "kernels/restyle.h"
#include "tensor/autograd.h"
#include "tensor/dispatch.h"
#include "tensor/op.h"
#include "tensor/reference.h"

namespace masktwins {
namespace {

Work work(const Tensor& x) {
  return {2.0 * static_cast<double>(x.bytes()), 2.0 * static_cast<double>(x.numel())};
}

// The gradient is the same without the shift, so `mean` may be undefined.
Tensor call_restyle(const char* name, const Tensor& x, const Tensor& mean, const Tensor& variance,
                    double eps) {
  Tensor y = Tensor::empty(x.shape(), x.dtype(), x.device());
  const ProfileScope profile(name, work(x));
  dispatch(x, "restyle", [&](auto device, auto zero) {
    using T = decltype(zero);
    using W = kernels::Wide<T>;
    const kernels::RestyleArgs<T> args{.batch = x.dim(0),
                                       .pixels = x.dim(2) * x.dim(3),
                                       .channels = x.dim(1),
                                       .styles = variance.dim(0),
                                       .x = x.data<T>(),
                                       .mean = mean.defined() ? mean.data<W>() : nullptr,
                                       .variance = variance.data<W>(),
                                       .y = y.data<T>(),
                                       .eps = eps};
    if constexpr (device == Device::cpu) kernels::cpu::restyle(args);
    else kernels::cuda::restyle(args);
  });
  return y;
}

}  // namespace

Tensor restyle(const Tensor& x, const Tensor& mean, const Tensor& variance, double eps) {
  const ImageSize size = image_size(x, "restyle");
  require_same(mean, variance, "restyle");
  require(mean.rank() == 2 && mean.dim(0) >= 1 && mean.dim(1) == size.channels, "restyle: x ", x.shape(),
          " needs statistics (M, ", size.channels, ") with M >= 1, got ", mean.shape());
  require(mean.dtype() == wide(x.dtype()), "restyle: statistics of x in ", x.dtype(), " are ",
          wide(x.dtype()), ", got ", mean.dtype());
  return record("restyle", call_restyle("restyle", x, mean, variance, eps), {x},
                [variance, eps](const Tensor& dy, InputGradients& inputs) {
                  inputs.add(0, call_restyle("restyle_backward", dy, {}, variance, eps));
                });
}

namespace {

Tensors run(const Tensors& inputs, const Attributes& a) {
  const DType statistics = wide(inputs[0].dtype());
  return {restyle(inputs[0], inputs[1].to(statistics), inputs[2].to(statistics), real_attribute(a, "eps"))};
}

Tensors reference(const Tensors& inputs, const Attributes& a) {
  Tensor y = inputs[0].clone();
  const int64_t channels = y.dim(1);
  for_each_element(y.shape(), [&](int64_t n, int64_t c, int64_t i, int64_t j) {
    const int64_t region = n % inputs[1].dim(0) * channels + c;
    const double deviation = std::sqrt(inputs[2].data<double>()[region] + real_attribute(a, "eps"));
    at(y, n, c, i, j) = at(y, n, c, i, j) * deviation + inputs[1].data<double>()[region];
  });
  return {y};
}

Sample sample(const Shape& x, int64_t styles) {
  const Shape statistics{styles, x[1]};
  return {{{x},
           {.shape = statistics, .differentiable = false},
           {.shape = statistics, .fill = Fill::uniform, .low = 0, .high = 2, .differentiable = false}},
          {{"eps", 1e-6}}};
}

const RegisterOp registered({
    .name = "restyle",
    .formula = "y = x · sqrt(variance_mc + eps) + mean_mc, m = n mod styles",
    .run = run,
    .reference = reference,
    .samples = {sample({2, 3, 5, 7}, 2), sample({3, 8, 20, 17}, 2), sample({1, 16, 2, 3}, 1),
                sample({1, 1, 1, 1}, 1), sample({0, 3, 4, 4}, 1)},
    .benchmarks = {sample({2, 64, 256, 256}, 1)},
    .work = [](const Tensors& inputs, const Attributes&) { return work(inputs[0]); },
});

}  // namespace
}  // namespace masktwins

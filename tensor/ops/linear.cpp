#include "tensor/ops/linear.h"

#include "kernels/linear.h"
#include "tensor/autocast.h"
#include "tensor/autograd.h"
#include "tensor/dispatch.h"
#include "tensor/op.h"
#include "tensor/rows.h"

namespace masktwins {
namespace {

using kernels::LinearShape;

LinearShape linear_shape(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  const auto [rows, channels] = rows_of(x, "linear");
  require(weight.rank() == 2 && weight.dim(1) == channels, "linear: weight ", weight.shape(), " for x ",
          x.shape(), "; it must be (outputs, ", channels, ")");
  require(!bias.defined() || bias.shape() == Shape{weight.dim(0)}, "linear: bias must have ", weight.dim(0),
          " elements, one per output");
  return {rows, channels, weight.dim(0)};
}

Work work(const LinearShape& s, DType dtype) {
  const double rows = static_cast<double>(s.rows), inputs = static_cast<double>(s.in_channels),
               outputs = static_cast<double>(s.out_channels);
  return {(rows * (inputs + outputs) + inputs * outputs) * static_cast<double>(size_of(dtype)),
          2 * rows * inputs * outputs};
}

Tensor forward(const LinearShape& shape, const Tensor& x, const Tensor& weight, const Tensor& bias) {
  Tensor y = Tensor::empty(with_channels(x, shape.out_channels, "linear"), x.dtype(), x.device());
  const ProfileScope profile("linear", work(shape, x.dtype()));
  dispatch(x, "linear", [&](auto device, auto zero) {
    using T = decltype(zero);
    const kernels::LinearArgs<T> args{shape, x.data<T>(), weight.data<T>(),
                                      bias.defined() ? bias.data<T>() : nullptr, y.data<T>()};
    if constexpr (device == Device::cpu) kernels::cpu::linear(args);
    else kernels::cuda::linear(args);
  });
  return y;
}

Tensor backward_data(const LinearShape& shape, const Tensor& dy, const Tensor& weight) {
  Tensor dx = Tensor::empty(with_channels(dy, shape.in_channels, "linear"), dy.dtype(), dy.device());
  const ProfileScope profile("linear_backward_data", work(shape, dy.dtype()));
  dispatch(dy, "linear", [&](auto device, auto zero) {
    using T = decltype(zero);
    const kernels::LinearBackwardDataArgs<T> args{shape, dy.data<T>(), weight.data<T>(), dx.data<T>()};
    if constexpr (device == Device::cpu) kernels::cpu::linear_backward_data(args);
    else kernels::cuda::linear_backward_data(args);
  });
  return dx;
}

// dbias is filled if it is defined.
Tensor backward_weight(const LinearShape& shape, const Tensor& x, const Tensor& dy, Tensor dbias) {
  Tensor dweight = Tensor::empty({shape.out_channels, shape.in_channels}, dy.dtype(), dy.device());
  const ProfileScope profile("linear_backward_weight", work(shape, dy.dtype()));
  dispatch(dy, "linear", [&](auto device, auto zero) {
    using T = decltype(zero);
    const kernels::LinearBackwardWeightArgs<T> args{shape, x.data<T>(), dy.data<T>(), dweight.data<T>(),
                                                    dbias.defined() ? dbias.data<T>() : nullptr};
    if constexpr (device == Device::cpu) kernels::cpu::linear_backward_weight(args);
    else kernels::cuda::linear_backward_weight(args);
  });
  return dweight;
}

}  // namespace

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  if (autocasts("linear", {x, weight, bias}))
    return linear(autocast("linear", x), autocast("linear", weight), autocast("linear", bias));
  const LinearShape shape = linear_shape(x, weight, bias);
  return record("linear", forward(shape, x, weight, bias), {x, weight, bias},
                [shape, x = Saved(x), weight = Saved(weight)](const Tensor& dy, InputGradients& inputs) {
                  if (inputs.wanted(1) || inputs.wanted(2)) {
                    const Tensor dbias = inputs.wanted(2)
                                             ? Tensor::empty({shape.out_channels}, dy.dtype(), dy.device())
                                             : Tensor();
                    inputs.add(1, backward_weight(shape, x.get(), dy, dbias));
                    inputs.add(2, dbias);
                  }
                  if (inputs.wanted(0)) inputs.add(0, backward_data(shape, dy, weight.get()));
                });
}

namespace {

Tensors reference(const Tensors& inputs, const Attributes&) {
  const auto [rows, channels, outputs] = linear_shape(inputs[0], inputs[1], inputs[2]);
  Tensor y = Tensor::empty(with_channels(inputs[0], outputs, "linear"), DType::float64);
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t o = 0; o < outputs; ++o) {
      double sum = inputs[2].data<double>()[o];
      for (int64_t c = 0; c < channels; ++c)
        sum += inputs[0].data<double>()[r * channels + c] * inputs[1].data<double>()[o * channels + c];
      y.data<double>()[r * outputs + o] = sum;
    }
  return {y};
}

Sample sample(const Shape& x, int64_t channels, int64_t outputs) {
  return {{{x}, {{outputs, channels}}, {{outputs}}}, {}};
}

const RegisterOp registered({
    .name = "linear",
    .formula = "y[r,o] = bias[o] + sum x[r,c] · weight[o,c]",
    .run = [](const Tensors& in, const Attributes&) { return Tensors{linear(in[0], in[1], in[2])}; },
    .reference = reference,
    .samples = {sample({2, 13, 7}, 7, 9),       // rows shorter than a vector
                sample({1, 65, 32}, 32, 64),    // whole vectors
                sample({2, 19, 5, 6}, 19, 33),  // an image: pixels are rows
                sample({1100, 3}, 3, 2),        // several slices of rows
                sample({3, 5}, 5, 100),         // several groups of outputs
                sample({1, 1}, 1, 1), sample({0, 4, 8}, 8, 3),
                sample({1100, 8}, 8, 16)},  // several slices of whole vectors
    .benchmarks = {sample({1, 16384, 32}, 32, 128), sample({1, 16384, 64}, 64, 64),
                   sample({1, 16384, 64}, 64, 256), sample({2, 1024, 320}, 320, 1280),
                   sample({2, 256, 512}, 512, 2048)},
    .work = [](const Tensors& in,
               const Attributes&) { return work(linear_shape(in[0], in[1], in[2]), in[0].dtype()); },
    .autocast = Autocast::low_precision,
});

}  // namespace
}  // namespace masktwins

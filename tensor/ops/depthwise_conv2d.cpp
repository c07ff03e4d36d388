#include "tensor/ops/depthwise_conv2d.h"

#include "kernels/depthwise_conv2d.h"
#include "tensor/autocast.h"
#include "tensor/autograd.h"
#include "tensor/dispatch.h"
#include "tensor/op.h"
#include "tensor/reference.h"

namespace masktwins {
namespace {

using kernels::DepthwiseShape;

DepthwiseShape depthwise_shape(const Tensor& x, const Tensor& weight, const Tensor& bias, int64_t dilation) {
  const ImageSize image = image_size(x, "depthwise_conv2d");
  require(weight.shape() == Shape{image.channels, 1, 3, 3}, "depthwise_conv2d: weight ", weight.shape(),
          " for x ", x.shape(), "; it must be (", image.channels, ", 1, 3, 3)");
  require(!bias.defined() || bias.shape() == Shape{image.channels}, "depthwise_conv2d: bias must have ",
          image.channels, " elements, one per channel");
  require(dilation >= 1, "depthwise_conv2d: dilation must be at least 1, got ", dilation);
  return {image.batch, image.channels, image.height, image.width, dilation};
}

Work work(const DepthwiseShape& s, DType dtype) {
  const double elements = static_cast<double>(s.batch * s.height * s.width * s.channels);
  return {2 * elements * static_cast<double>(size_of(dtype)), 18 * elements};
}

Shape image_shape(const DepthwiseShape& s) { return {s.batch, s.channels, s.height, s.width}; }

Tensor forward(const DepthwiseShape& s, const Tensor& x, const Tensor& weight, const Tensor& bias) {
  Tensor y = Tensor::empty(image_shape(s), x.dtype(), x.device());
  const ProfileScope profile("depthwise_conv2d", work(s, x.dtype()));
  dispatch(x, "depthwise_conv2d", [&](auto device, auto zero) {
    using T = decltype(zero);
    const kernels::DepthwiseArgs<T> args{s, x.data<T>(), weight.data<T>(),
                                         bias.defined() ? bias.data<T>() : nullptr, y.data<T>()};
    if constexpr (device == Device::cpu) kernels::cpu::depthwise_conv2d(args);
    else kernels::cuda::depthwise_conv2d(args);
  });
  return y;
}

Tensor backward_data(const DepthwiseShape& s, const Tensor& dy, const Tensor& weight) {
  Tensor dx = Tensor::empty(image_shape(s), dy.dtype(), dy.device());
  const ProfileScope profile("depthwise_conv2d_backward_data", work(s, dy.dtype()));
  dispatch(dy, "depthwise_conv2d", [&](auto device, auto zero) {
    using T = decltype(zero);
    const kernels::DepthwiseBackwardDataArgs<T> args{s, dy.data<T>(), weight.data<T>(), dx.data<T>()};
    if constexpr (device == Device::cpu) kernels::cpu::depthwise_conv2d_backward_data(args);
    else kernels::cuda::depthwise_conv2d_backward_data(args);
  });
  return dx;
}

// dbias is filled if it is defined.
Tensor backward_weight(const DepthwiseShape& s, const Tensor& x, const Tensor& dy, Tensor dbias) {
  Tensor dweight = Tensor::empty({s.channels, 1, 3, 3}, dy.dtype(), dy.device());
  const ProfileScope profile("depthwise_conv2d_backward_weight", work(s, dy.dtype()));
  dispatch(dy, "depthwise_conv2d", [&](auto device, auto zero) {
    using T = decltype(zero);
    const kernels::DepthwiseBackwardWeightArgs<T> args{s, x.data<T>(), dy.data<T>(), dweight.data<T>(),
                                                       dbias.defined() ? dbias.data<T>() : nullptr};
    if constexpr (device == Device::cpu) kernels::cpu::depthwise_conv2d_backward_weight(args);
    else kernels::cuda::depthwise_conv2d_backward_weight(args);
  });
  return dweight;
}

}  // namespace

Tensor depthwise_conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, int64_t dilation) {
  if (autocasts("depthwise_conv2d", {x, weight, bias}))
    return depthwise_conv2d(autocast("depthwise_conv2d", x), autocast("depthwise_conv2d", weight),
                            autocast("depthwise_conv2d", bias), dilation);
  const DepthwiseShape s = depthwise_shape(x, weight, bias, dilation);
  return record("depthwise_conv2d", forward(s, x, weight, bias), {x, weight, bias},
                [s, x = Saved(x), weight = Saved(weight)](const Tensor& dy, InputGradients& inputs) {
                  if (inputs.wanted(1) || inputs.wanted(2)) {
                    const Tensor dbias =
                        inputs.wanted(2) ? Tensor::empty({s.channels}, dy.dtype(), dy.device()) : Tensor();
                    inputs.add(1, backward_weight(s, x.get(), dy, dbias));
                    inputs.add(2, dbias);
                  }
                  if (inputs.wanted(0)) inputs.add(0, backward_data(s, dy, weight.get()));
                });
}

namespace {

Tensors reference(const Tensors& inputs, const Attributes& attributes) {
  const Tensor& x = inputs[0];
  const int64_t dilation = attribute(attributes, "dilation");
  Tensor y = Tensor::empty(x.shape(), DType::float64);
  for_each_element(y.shape(), [&](int64_t n, int64_t c, int64_t i, int64_t j) {
    double sum = inputs[2].data<double>()[c];
    for (int64_t u = 0; u < 3; ++u)
      for (int64_t v = 0; v < 3; ++v) {
        const int64_t row = i + (u - 1) * dilation, column = j + (v - 1) * dilation;
        if (row >= 0 && row < x.dim(2) && column >= 0 && column < x.dim(3))
          sum += at(x, n, c, row, column) * inputs[1].data<double>()[(c * 3 + u) * 3 + v];
      }
    at(y, n, c, i, j) = sum;
  });
  return {y};
}

Sample sample(const Shape& x, double dilation) {
  return {{{x}, {{x[1], 1, 3, 3}}, {{x[1]}}}, {{"dilation", dilation}}};
}

const RegisterOp registered({
    .name = "depthwise_conv2d",
    .formula = "y[n,c,i,j] = bias[c] + sum x[n,c,i+(u-1)·dilation,j+(v-1)·dilation] · weight[c,0,u,v]",
    .run =
        [](const Tensors& in, const Attributes& a) {
          return Tensors{depthwise_conv2d(in[0], in[1], in[2], attribute(a, "dilation"))};
        },
    .reference = reference,
    .samples = {sample({2, 5, 9, 11}, 1),   // a part of a vector
                sample({1, 35, 17, 7}, 2),  // whole vectors and a part
                sample({1, 3, 5, 4}, 6),    // taps beside the centre all fall outside
                sample({1, 2, 13, 14}, 6),  // and here some do
                sample({2, 16, 1, 1}, 1), sample({1, 1, 3, 1}, 1), sample({0, 4, 3, 3}, 1),
                sample({1, 16, 41, 6}, 2)},
    .benchmarks = {sample({1, 128, 128, 128}, 1), sample({2, 256, 128, 128}, 1),
                   sample({2, 1024, 64, 64}, 12), sample({1, 2048, 16, 16}, 1)},
    .work =
        [](const Tensors& in, const Attributes& a) {
          return work(depthwise_shape(in[0], in[1], in[2], attribute(a, "dilation")), in[0].dtype());
        },
    .autocast = Autocast::low_precision,
});

}  // namespace
}  // namespace masktwins

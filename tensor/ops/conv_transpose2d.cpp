#include "tensor/ops/conv_transpose2d.h"

#include "tensor/autocast.h"
#include "tensor/autograd.h"
#include "tensor/op.h"
#include "tensor/ops/channel_sum.h"
#include "tensor/ops/conv2d_calls.h"

namespace masktwins {
namespace {

// The convolution whose adjoint this is: its input is our result, its output our input.
kernels::Conv2dShape adjoint_shape(const Tensor& x, const Tensor& weight, const Tensor& bias,
                                   const Conv2dOptions& o) {
  const ImageSize image = image_size(x, "conv_transpose2d"),
                  filter = image_size(weight, "conv_transpose2d weight");
  require(filter.batch == image.channels, "conv_transpose2d: weight ", weight.shape(), " expects ",
          filter.batch, " input channels, x is ", x.shape());
  require(!bias.defined() || bias.shape() == Shape{filter.channels}, "conv_transpose2d: bias must have ",
          filter.channels, " elements, one per output channel");
  require(o.stride >= 1 && o.padding >= 0 && o.dilation >= 1, "conv_transpose2d: stride ", o.stride,
          ", padding ", o.padding, ", dilation ", o.dilation, "; need at least 1, 0, 1");
  const int64_t height = (image.height - 1) * o.stride - 2 * o.padding + o.dilation * (filter.height - 1) + 1;
  const int64_t width = (image.width - 1) * o.stride - 2 * o.padding + o.dilation * (filter.width - 1) + 1;
  require(height > 0 && width > 0, "conv_transpose2d: padding ", o.padding,
          " leaves nothing of the result for x ", x.shape(), " and weight ", weight.shape());
  return {image.batch,   filter.channels, height,   width,     image.channels,
          filter.height, filter.width,    o.stride, o.padding, o.dilation};
}

}  // namespace

Tensor conv_transpose2d(const Tensor& x, const Tensor& weight, const Tensor& bias,
                        const Conv2dOptions& options) {
  if (autocasts("conv_transpose2d", {x, weight, bias}))
    return conv_transpose2d(autocast("conv_transpose2d", x), autocast("conv_transpose2d", weight),
                            autocast("conv_transpose2d", bias), options);
  const kernels::Conv2dShape shape = adjoint_shape(x, weight, bias, options);
  return record("conv_transpose2d", call_conv2d_backward_data(shape, x, weight, bias), {x, weight, bias},
                [shape, x = Saved(x), weight = Saved(weight)](const Tensor& dy, InputGradients& inputs) {
                  if (inputs.wanted(1)) inputs.add(1, call_conv2d_backward_weight(shape, dy, x.get()));
                  if (inputs.wanted(2)) inputs.add(2, channel_sum(dy));
                  if (inputs.wanted(0)) inputs.add(0, call_conv2d(shape, dy, weight.get(), {}));
                });
}

namespace {

Conv2dOptions options_of(const Attributes& a) {
  return {attribute(a, "stride"), attribute(a, "padding"), attribute(a, "dilation")};
}

Tensors reference(const Tensors& inputs, const Attributes& attributes) {
  const kernels::Conv2dShape s = adjoint_shape(inputs[0], inputs[1], inputs[2], options_of(attributes));
  const double* x = inputs[0].data<double>();
  const double* weight = inputs[1].data<double>();
  Tensor y = Tensor::empty({s.batch, s.in_channels, s.height, s.width}, DType::float64);
  double* out = y.data<double>();
  for (int64_t i = 0; i < y.numel(); ++i) out[i] = inputs[2].data<double>()[i % s.in_channels];
  for (int64_t n = 0; n < s.batch; ++n)
    for (int64_t i = 0; i < s.out_height(); ++i)
      for (int64_t j = 0; j < s.out_width(); ++j)
        for (int64_t c = 0; c < s.out_channels; ++c, ++x)
          for (int64_t u = 0; u < s.kernel_height; ++u)
            for (int64_t v = 0; v < s.kernel_width; ++v)
              for (int64_t o = 0; o < s.in_channels; ++o) {
                const int64_t row = i * s.stride - s.padding + u * s.dilation;
                const int64_t column = j * s.stride - s.padding + v * s.dilation;
                if (row < 0 || row >= s.height || column < 0 || column >= s.width) continue;
                out[((n * s.height + row) * s.width + column) * s.in_channels + o] +=
                    *x * weight[((c * s.kernel_height + u) * s.kernel_width + v) * s.in_channels + o];
              }
  return {y};
}

Sample sample(Shape x, Shape weight, double stride, double padding, double dilation) {
  return {{{x}, {weight}, {{weight[1]}}}, {{"stride", stride}, {"padding", padding}, {"dilation", dilation}}};
}

const RegisterOp registered({
    .name = "conv_transpose2d",
    .formula = "y[n,o,i·stride-padding+u·dilation,j·stride-padding+v·dilation] += x[n,c,i,j] · "
               "weight[c,o,u,v], from bias[o]",
    .run = [](const Tensors& in,
              const Attributes& a) { return Tensors{conv_transpose2d(in[0], in[1], in[2], options_of(a))}; },
    .reference = reference,
    .samples = {sample({2, 5, 4, 3}, {5, 3, 2, 2}, 2, 0, 1), sample({1, 4, 3, 5}, {4, 2, 3, 3}, 2, 1, 1),
                sample({4, 8, 5, 6}, {8, 9, 3, 3}, 1, 1, 1), sample({1, 2, 3, 3}, {2, 3, 3, 3}, 1, 1, 2),
                sample({1, 2, 3, 3}, {2, 3, 1, 1}, 2, 0, 1), sample({1, 1, 1, 1}, {1, 1, 1, 1}, 1, 0, 1),
                sample({0, 2, 3, 3}, {2, 2, 2, 2}, 2, 0, 1)},
    .benchmarks = {sample({2, 32, 128, 128}, {32, 32, 2, 2}, 2, 0, 1),
                   sample({2, 128, 32, 32}, {128, 128, 2, 2}, 2, 0, 1)},
    .work =
        [](const Tensors& in, const Attributes& a) {
          return conv2d_work(adjoint_shape(in[0], in[1], in[2], options_of(a)), in[0].dtype());
        },
    // Winograd F(4x4) rounds to about 3e-6 of the sum of |x·w|, which is some ten times the result.
    .tolerance = 5e-5,
    .autocast = Autocast::low_precision,
});

}  // namespace
}  // namespace masktwins

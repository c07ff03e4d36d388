#include "tensor/ops/conv2d.h"

#include "tensor/autocast.h"
#include "tensor/autograd.h"
#include "tensor/op.h"
#include "tensor/ops/channel_sum.h"
#include "tensor/ops/conv2d_calls.h"

namespace masktwins {
namespace {

kernels::Conv2dShape conv_shape(const Tensor& x, const Tensor& weight, const Tensor& bias,
                                const Conv2dOptions& o) {
  const ImageSize image = image_size(x, "conv2d"), filter = image_size(weight, "conv2d weight");
  require(filter.channels == image.channels, "conv2d: weight ", weight.shape(), " expects ", filter.channels,
          " input channels, x is ", x.shape());
  require(!bias.defined() || bias.shape() == Shape{filter.batch}, "conv2d: bias must have ", filter.batch,
          " elements, one per output channel");
  require(o.stride >= 1 && o.padding >= 0 && o.dilation >= 1, "conv2d: stride ", o.stride, ", padding ",
          o.padding, ", dilation ", o.dilation, "; need at least 1, 0, 1");
  const kernels::Conv2dShape shape{image.batch,   image.channels, image.height, image.width, filter.batch,
                                   filter.height, filter.width,   o.stride,     o.padding,   o.dilation};
  require(image.height + 2 * o.padding >= o.dilation * (filter.height - 1) + 1 &&
              image.width + 2 * o.padding >= o.dilation * (filter.width - 1) + 1,
          "conv2d: the kernel of weight ", weight.shape(), " with dilation ", o.dilation,
          " is larger than the padded image ", x.shape());
  return shape;
}

}  // namespace

Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv2dOptions& options) {
  if (autocasts("conv2d", {x, weight, bias}))
    return conv2d(autocast("conv2d", x), autocast("conv2d", weight), autocast("conv2d", bias), options);
  const kernels::Conv2dShape shape = conv_shape(x, weight, bias, options);
  return record("conv2d", call_conv2d(shape, x, weight, bias), {x, weight, bias},
                [shape, x = Saved(x), weight = Saved(weight)](const Tensor& dy, InputGradients& inputs) {
                  if (inputs.wanted(1)) inputs.add(1, call_conv2d_backward_weight(shape, x.get(), dy));
                  if (inputs.wanted(2)) inputs.add(2, channel_sum(dy));
                  if (inputs.wanted(0)) inputs.add(0, call_conv2d_backward_data(shape, dy, weight.get(), {}));
                });
}

namespace {

Conv2dOptions options_of(const Attributes& a) {
  return {attribute(a, "stride"), attribute(a, "padding"), attribute(a, "dilation")};
}

Tensors reference(const Tensors& inputs, const Attributes& attributes) {
  const Conv2dOptions o = options_of(attributes);
  const kernels::Conv2dShape s = conv_shape(inputs[0], inputs[1], inputs[2], o);
  const double* x = inputs[0].data<double>();
  const double* weight = inputs[1].data<double>();
  Tensor y = Tensor::empty({s.batch, s.out_channels, s.out_height(), s.out_width()}, DType::float64);
  double* out = y.data<double>();
  for (int64_t n = 0; n < s.batch; ++n)
    for (int64_t i = 0; i < s.out_height(); ++i)
      for (int64_t j = 0; j < s.out_width(); ++j)
        for (int64_t f = 0; f < s.out_channels; ++f) {
          double sum = inputs[2].data<double>()[f];
          for (int64_t u = 0; u < s.kernel_height; ++u)
            for (int64_t v = 0; v < s.kernel_width; ++v)
              for (int64_t c = 0; c < s.in_channels; ++c) {
                const int64_t row = i * s.stride - s.padding + u * s.dilation;
                const int64_t column = j * s.stride - s.padding + v * s.dilation;
                if (row < 0 || row >= s.height || column < 0 || column >= s.width) continue;
                sum += x[((n * s.height + row) * s.width + column) * s.in_channels + c] *
                       weight[((f * s.kernel_height + u) * s.kernel_width + v) * s.in_channels + c];
              }
          *out++ = sum;
        }
  return {y};
}

Sample sample(Shape x, Shape weight, double stride, double padding, double dilation) {
  return {{{x}, {weight}, {{weight[0]}}}, {{"stride", stride}, {"padding", padding}, {"dilation", dilation}}};
}

const RegisterOp registered({
    .name = "conv2d",
    .formula = "y[n,o,i,j] = bias[o] + sum x[n,c,i·stride-padding+u·dilation,j·stride-padding+v·dilation] · "
               "weight[o,c,u,v]",
    .run = [](const Tensors& in,
              const Attributes& a) { return Tensors{conv2d(in[0], in[1], in[2], options_of(a))}; },
    .reference = reference,
    .samples = {sample({2, 8, 14, 7}, {9, 8, 3, 3}, 1, 1, 1),   // Winograd, partial tiles and vectors
                sample({4, 9, 7, 11}, {8, 9, 3, 3}, 1, 0, 1),   // Winograd without padding
                sample({4, 8, 4, 5}, {8, 8, 3, 3}, 1, 2, 1),    // Winograd with wide padding
                sample({1, 8, 6, 7}, {9, 8, 3, 3}, 1, 1, 1),    // too few tiles for Winograd
                sample({2, 1, 5, 6}, {5, 1, 3, 3}, 1, 1, 1),    // one input channel
                sample({2, 1, 19, 6}, {16, 1, 3, 3}, 1, 1, 1),  // one input channel, whole vectors of outputs
                sample({1, 16, 37, 9}, {3, 16, 3, 3}, 2, 0, 1),  // whole vectors of inputs, several bands
                sample({1, 3, 7, 5}, {2, 3, 3, 3}, 2, 1, 1),     // overlapping strides
                sample({1, 2, 9, 8}, {3, 2, 3, 3}, 1, 2, 2),     // dilation
                sample({1, 3, 9, 9}, {4, 3, 7, 7}, 4, 3, 1),     // patch embedding
                sample({2, 5, 4, 3}, {3, 5, 1, 1}, 1, 0, 1),     // pointwise
                sample({1, 2, 4, 6}, {3, 2, 2, 2}, 2, 0, 1),     // kernel equal to stride
                sample({1, 2, 4, 6}, {3, 2, 1, 3}, 1, 1, 1),     // rectangular
                sample({1, 1, 1, 1}, {1, 1, 1, 1}, 1, 0, 1), sample({0, 2, 3, 3}, {2, 2, 3, 3}, 1, 1, 1)},
    .benchmarks = {sample({2, 32, 256, 256}, {32, 32, 3, 3}, 1, 1, 1),
                   sample({2, 64, 128, 128}, {64, 64, 3, 3}, 1, 1, 1),
                   sample({2, 128, 64, 64}, {128, 128, 3, 3}, 1, 1, 1),
                   sample({2, 256, 32, 32}, {256, 256, 3, 3}, 1, 1, 1),
                   sample({2, 256, 16, 16}, {256, 256, 3, 3}, 1, 1, 1),
                   sample({2, 64, 256, 256}, {16, 64, 3, 3}, 1, 1, 1),
                   sample({2, 1, 256, 256}, {32, 1, 3, 3}, 1, 1, 1),
                   sample({2, 16, 256, 256}, {2, 16, 3, 3}, 1, 1, 1)},
    .work =
        [](const Tensors& in, const Attributes& a) {
          return conv2d_work(conv_shape(in[0], in[1], in[2], options_of(a)), in[0].dtype());
        },
    // Winograd F(4x4) rounds to about 3e-6 of the sum of |x·w|, which is some ten times the result.
    .tolerance = 5e-5,
    .autocast = Autocast::low_precision,
});

}  // namespace
}  // namespace masktwins

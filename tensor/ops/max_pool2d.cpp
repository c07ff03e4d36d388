#include "tensor/ops/max_pool2d.h"

#include <limits>

#include "kernels/max_pool2d.h"
#include "tensor/autograd.h"
#include "tensor/dispatch.h"
#include "tensor/op.h"
#include "tensor/reference.h"

namespace masktwins {
namespace {

kernels::MaxPool2dShape checked_shape(const Tensor& x, const MaxPool2dOptions& options) {
  const auto [batch, channels, height, width] = image_size(x, "max_pool2d");
  const auto [kernel, stride, padding] = options;
  require(kernel >= 1 && kernel <= 15 && stride >= 1 && padding >= 0 && 2 * padding <= kernel,
          "max_pool2d: kernel ", kernel, " (1 to 15), stride ", stride, " (at least 1), padding ", padding,
          " (0 to half the kernel) is not possible");
  require(height + 2 * padding >= kernel && width + 2 * padding >= kernel, "max_pool2d: kernel ", kernel,
          " is larger than the padded input of shape ", x.shape());
  return {batch, channels, height, width, kernel, stride, padding};
}

double bytes_moved(const kernels::MaxPool2dShape& shape, std::size_t element) {
  const int64_t inputs = shape.batch * shape.channels * shape.height * shape.width;
  const int64_t outputs = shape.batch * shape.channels * shape.out_height() * shape.out_width();
  const double size = static_cast<double>(element);
  return size * static_cast<double>(inputs) + (size + 1) * static_cast<double>(outputs);
}

Tensor max_pool2d_backward(const kernels::MaxPool2dShape& shape, const Tensor& tap, const Tensor& dy) {
  Tensor dx =
      Tensor::empty({shape.batch, shape.channels, shape.height, shape.width}, dy.dtype(), dy.device());
  const ProfileScope profile("max_pool2d_backward",
                             {bytes_moved(shape, size_of(dy.dtype())), static_cast<double>(dx.numel())});
  dispatch(dy, "max_pool2d", [&](auto device, auto zero) {
    using T = decltype(zero);
    const kernels::MaxPool2dBackwardArgs<T> args{shape, tap.data<uint8_t>(), dy.data<T>(), dx.data<T>()};
    if constexpr (device == Device::cpu) kernels::cpu::max_pool2d_backward(args);
    else kernels::cuda::max_pool2d_backward(args);
  });
  return dx;
}

Work work(const kernels::MaxPool2dShape& shape, DType dtype) {
  const int64_t outputs = shape.batch * shape.channels * shape.out_height() * shape.out_width();
  return {bytes_moved(shape, size_of(dtype)), static_cast<double>(outputs * shape.kernel * shape.kernel)};
}

}  // namespace

Tensor max_pool2d(const Tensor& x, const MaxPool2dOptions& options) {
  const kernels::MaxPool2dShape shape = checked_shape(x, options);
  const Shape out{shape.batch, shape.channels, shape.out_height(), shape.out_width()};
  Tensor y = Tensor::empty(out, x.dtype(), x.device());
  Tensor tap = Tensor::empty(out, DType::uint8, x.device());
  {
    const ProfileScope profile("max_pool2d", work(shape, x.dtype()));
    dispatch(x, "max_pool2d", [&](auto device, auto zero) {
      using T = decltype(zero);
      const kernels::MaxPool2dArgs<T> args{shape, x.data<T>(), y.data<T>(), tap.data<uint8_t>()};
      if constexpr (device == Device::cpu) kernels::cpu::max_pool2d(args);
      else kernels::cuda::max_pool2d(args);
    });
  }
  return record("max_pool2d", y, {x}, [shape, tap](const Tensor& dy, InputGradients& inputs) {
    inputs.add(0, max_pool2d_backward(shape, tap, dy));
  });
}

namespace {

MaxPool2dOptions options_of(const Attributes& attributes) {
  return {attribute(attributes, "kernel"), attribute(attributes, "stride"), attribute(attributes, "padding")};
}

Tensors reference(const Tensors& inputs, const Attributes& attributes) {
  const Tensor& x = inputs[0];
  const auto [kernel, stride, padding] = options_of(attributes);
  Tensor y = Tensor::full({x.dim(0), x.dim(1), (x.dim(2) + 2 * padding - kernel) / stride + 1,
                           (x.dim(3) + 2 * padding - kernel) / stride + 1},
                          -std::numeric_limits<double>::infinity(), DType::float64);
  for_each_element(y.shape(),
                   [&, k = kernel, s = stride, p = padding](int64_t n, int64_t c, int64_t i, int64_t j) {
                     for (int64_t h = i * s - p; h < i * s - p + k; ++h)
                       for (int64_t w = j * s - p; w < j * s - p + k; ++w)
                         if (h >= 0 && h < x.dim(2) && w >= 0 && w < x.dim(3))
                           at(y, n, c, i, j) = std::max(at(y, n, c, i, j), at(x, n, c, h, w));
                   });
  return {y};
}

Attributes window(double kernel, double stride, double padding) {
  return {{"kernel", kernel}, {"stride", stride}, {"padding", padding}};
}

const RegisterOp registered({
    .name = "max_pool2d",
    .formula = "y[i, j] = max over u, v < kernel of x[i*stride - padding + u, j*stride - padding + v]",
    .run =
        [](const Tensors& inputs, const Attributes& attributes) {
          return Tensors{max_pool2d(inputs[0], options_of(attributes))};
        },
    .reference = reference,
    .samples = {{{{{2, 3, 6, 8}}}, window(2, 2, 0)},
                {{{{2, 19, 7, 5}}}, window(2, 2, 0)},
                {{{{1, 5, 9, 7}}}, window(3, 2, 1)},
                {{{{1, 2, 7, 7}}}, window(3, 1, 0)},
                {{{{1, 2, 9, 9}}}, window(2, 3, 1)},
                {{{{1, 1, 1, 1}}}, window(1, 1, 0)},
                {{{{0, 2, 4, 4}}}, window(2, 2, 0)},
                {{{{2, 16, 62, 70}}}, window(2, 2, 0)}},
    .benchmarks = {{{{{2, 64, 256, 256}}}, window(2, 2, 0)}, {{{{2, 64, 256, 256}}}, window(3, 2, 1)}},
    .work =
        [](const Tensors& inputs, const Attributes& attributes) {
          return work(checked_shape(inputs[0], options_of(attributes)), inputs[0].dtype());
        },
});

}  // namespace
}  // namespace masktwins

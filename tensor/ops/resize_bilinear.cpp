#include "tensor/ops/resize_bilinear.h"

#include <cmath>

#include "kernels/resize_bilinear.h"
#include "tensor/autograd.h"
#include "tensor/dispatch.h"
#include "tensor/op.h"
#include "tensor/ops/resize_shape.h"
#include "tensor/reference.h"

namespace masktwins {
namespace {

constexpr double flops_per_output = 6;

Tensor resized(const kernels::ResizeShape& shape, const Tensor& x) {
  Tensor y =
      Tensor::empty({shape.batch, shape.channels, shape.out_height, shape.out_width}, x.dtype(), x.device());
  const ProfileScope profile("resize_bilinear", resize_work(shape, x.dtype(), flops_per_output));
  dispatch(x, "resize_bilinear", [&](auto device, auto zero) {
    using T = decltype(zero);
    const kernels::ResizeBilinearArgs<T> args{shape, x.data<T>(), y.data<T>()};
    if constexpr (device == Device::cpu) kernels::cpu::resize_bilinear(args);
    else kernels::cuda::resize_bilinear(args);
  });
  return y;
}

Tensor resize_bilinear_backward(const kernels::ResizeShape& shape, const Tensor& dy) {
  Tensor dx =
      Tensor::empty({shape.batch, shape.channels, shape.height, shape.width}, dy.dtype(), dy.device());
  const ProfileScope profile("resize_bilinear_backward", resize_work(shape, dy.dtype(), flops_per_output));
  dispatch(dy, "resize_bilinear", [&](auto device, auto zero) {
    using T = decltype(zero);
    const kernels::ResizeBilinearBackwardArgs<T> args{shape, dy.data<T>(), dx.data<T>()};
    if constexpr (device == Device::cpu) kernels::cpu::resize_bilinear_backward(args);
    else kernels::cuda::resize_bilinear_backward(args);
  });
  return dx;
}

}  // namespace

Tensor resize_bilinear(const Tensor& x, int64_t height, int64_t width) {
  const kernels::ResizeShape shape = resize_shape("resize_bilinear", x, height, width);
  const Tensor y =
      record("resize_bilinear", resized(shape, x), {x}, [shape](const Tensor& dy, InputGradients& inputs) {
        inputs.add(0, resize_bilinear_backward(shape, dy));
      });
  if (y.numel() > x.numel()) set_recipe(y, [shape, saved = Saved(x)] { return resized(shape, saved.get()); });
  return y;
}

namespace {

double interpolated(const Tensor& x, int64_t n, int64_t c, double row, double column) {
  const auto value = [&](int64_t i, int64_t j) {
    return at(x, n, c, std::min(i, x.dim(2) - 1), std::min(j, x.dim(3) - 1));
  };
  const int64_t i = static_cast<int64_t>(row), j = static_cast<int64_t>(column);
  const double down = row - std::floor(row), right = column - std::floor(column);
  return (1 - down) * ((1 - right) * value(i, j) + right * value(i, j + 1)) +
         down * ((1 - right) * value(i + 1, j) + right * value(i + 1, j + 1));
}

Tensors reference(const Tensors& inputs, const Attributes& attributes) {
  const Tensor& x = inputs[0];
  const double height = real_attribute(attributes, "height"), width = real_attribute(attributes, "width");
  Tensor y = Tensor::empty(
      {x.dim(0), x.dim(1), attribute(attributes, "height"), attribute(attributes, "width")}, DType::float64);
  for_each_element(y.shape(), [&](int64_t n, int64_t c, int64_t i, int64_t j) {
    const double row = (static_cast<double>(i) + 0.5) * static_cast<double>(x.dim(2)) / height - 0.5;
    const double column = (static_cast<double>(j) + 0.5) * static_cast<double>(x.dim(3)) / width - 0.5;
    at(y, n, c, i, j) = interpolated(x, n, c, std::max(0.0, row), std::max(0.0, column));
  });
  return {y};
}

Sample sample(const Shape& shape, double height, double width) {
  return {{{shape}}, {{"height", height}, {"width", width}}};
}

const RegisterOp registered({
    .name = "resize_bilinear",
    .formula = "y[i, j] = x interpolated at ((i + 0.5) * H / height - 0.5, (j + 0.5) * W / width - 0.5)",
    .run =
        [](const Tensors& inputs, const Attributes& attributes) {
          return Tensors{
              resize_bilinear(inputs[0], attribute(attributes, "height"), attribute(attributes, "width"))};
        },
    .reference = reference,
    .samples = {sample({2, 3, 4, 5}, 8, 10), sample({1, 19, 7, 3}, 5, 11), sample({1, 2, 9, 8}, 4, 4),
                sample({1, 1, 1, 1}, 3, 1), sample({1, 2, 3, 4}, 3, 4), sample({0, 3, 4, 4}, 8, 8),
                sample({1, 19, 61, 67}, 122, 134), sample({1, 3, 31, 17}, 2, 1),
                sample({2, 8, 9, 10}, 35, 23), sample({1, 8, 37, 5}, 9, 5)},
    .benchmarks = {sample({1, 256, 32, 32}, 128, 128), sample({1, 19, 256, 256}, 1024, 1024)},
    .work =
        [](const Tensors& inputs, const Attributes& attributes) {
          return resize_work(resize_shape("resize_bilinear", inputs[0], attribute(attributes, "height"),
                                          attribute(attributes, "width")),
                             inputs[0].dtype(), flops_per_output);
        },
});

}  // namespace
}  // namespace masktwins

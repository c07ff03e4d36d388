#include "tensor/ops/resize_nearest.h"

#include "kernels/resize_nearest.h"
#include "tensor/autograd.h"
#include "tensor/dispatch.h"
#include "tensor/op.h"
#include "tensor/ops/resize_shape.h"
#include "tensor/reference.h"

namespace masktwins {
namespace {

constexpr double flops_per_output = 0;

Tensor resized(const kernels::ResizeShape& shape, const Tensor& x) {
  Tensor y =
      Tensor::empty({shape.batch, shape.channels, shape.out_height, shape.out_width}, x.dtype(), x.device());
  const ProfileScope profile("resize_nearest", resize_work(shape, x.dtype(), flops_per_output));
  dispatch(x, "resize_nearest", [&](auto device, auto zero) {
    using T = decltype(zero);
    const kernels::ResizeNearestArgs<T> args{shape, x.data<T>(), y.data<T>()};
    if constexpr (device == Device::cpu) kernels::cpu::resize_nearest(args);
    else kernels::cuda::resize_nearest(args);
  });
  return y;
}

Tensor resize_nearest_backward(const kernels::ResizeShape& shape, const Tensor& dy) {
  Tensor dx =
      Tensor::empty({shape.batch, shape.channels, shape.height, shape.width}, dy.dtype(), dy.device());
  const ProfileScope profile("resize_nearest_backward", resize_work(shape, dy.dtype(), flops_per_output));
  dispatch(dy, "resize_nearest", [&](auto device, auto zero) {
    using T = decltype(zero);
    const kernels::ResizeNearestBackwardArgs<T> args{shape, dy.data<T>(), dx.data<T>()};
    if constexpr (device == Device::cpu) kernels::cpu::resize_nearest_backward(args);
    else kernels::cuda::resize_nearest_backward(args);
  });
  return dx;
}

}  // namespace

Tensor resize_nearest(const Tensor& x, int64_t height, int64_t width) {
  const kernels::ResizeShape shape = resize_shape("resize_nearest", x, height, width);
  return record("resize_nearest", resized(shape, x), {x}, [shape](const Tensor& dy, InputGradients& inputs) {
    inputs.add(0, resize_nearest_backward(shape, dy));
  });
}

namespace {

Tensors reference(const Tensors& inputs, const Attributes& attributes) {
  const Tensor& x = inputs[0];
  const int64_t height = attribute(attributes, "height"), width = attribute(attributes, "width");
  Tensor y = Tensor::empty({x.dim(0), x.dim(1), height, width}, DType::float64);
  for_each_element(y.shape(), [&](int64_t n, int64_t c, int64_t i, int64_t j) {
    at(y, n, c, i, j) = at(x, n, c, i * x.dim(2) / height, j * x.dim(3) / width);
  });
  return {y};
}

Sample sample(const Shape& shape, double height, double width) {
  return {{{shape}}, {{"height", height}, {"width", width}}};
}

const RegisterOp registered({
    .name = "resize_nearest",
    .formula = "y[i, j] = x[floor(i * H / height), floor(j * W / width)]",
    .run =
        [](const Tensors& inputs, const Attributes& attributes) {
          return Tensors{
              resize_nearest(inputs[0], attribute(attributes, "height"), attribute(attributes, "width"))};
        },
    .reference = reference,
    .samples = {sample({2, 3, 4, 5}, 8, 10), sample({1, 19, 7, 3}, 5, 11), sample({1, 2, 9, 8}, 4, 4),
                sample({1, 1, 1, 1}, 3, 1), sample({1, 2, 3, 4}, 3, 4), sample({0, 3, 4, 4}, 8, 8),
                sample({1, 19, 61, 67}, 122, 134), sample({1, 3, 31, 17}, 2, 1),
                sample({2, 8, 9, 10}, 35, 23)},
    .benchmarks = {sample({1, 256, 32, 32}, 128, 128), sample({1, 19, 256, 256}, 1024, 1024)},
    .work =
        [](const Tensors& inputs, const Attributes& attributes) {
          return resize_work(resize_shape("resize_nearest", inputs[0], attribute(attributes, "height"),
                                          attribute(attributes, "width")),
                             inputs[0].dtype(), flops_per_output);
        },
});

}  // namespace
}  // namespace masktwins

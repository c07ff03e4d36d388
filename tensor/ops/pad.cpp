#include "tensor/ops/pad.h"

#include "tensor/autograd.h"
#include "tensor/op.h"
#include "tensor/ops/copy_block.h"
#include "tensor/reference.h"

namespace masktwins {

Tensor pad(const Tensor& x, int64_t top, int64_t left, int64_t height, int64_t width) {
  const Extent window = extent(x, "pad");
  require(top >= 0 && left >= 0 && top + window.height <= height && left + window.width <= width,
          "pad: ", x.shape(), " at (", top, ", ", left, ") does not fit into ", height, " x ", width,
          " pixels");
  Tensor y = Tensor::zeros(with_extent(x, height, width), x.dtype(), x.device());
  copy_window("pad", x, {0, 0}, y, {top, left}, window.height, window.width);
  return record("pad", y, {x},
                [shape = x.shape(), window, top, left](const Tensor& dy, InputGradients& inputs) {
                  Tensor dx = Tensor::empty(shape, dy.dtype(), dy.device());
                  copy_window("pad_backward", dy, {top, left}, dx, {0, 0}, window.height, window.width);
                  inputs.add(0, dx);
                });
}

namespace {

Tensors run(const Tensors& inputs, const Attributes& attributes) {
  return {pad(inputs[0], attribute(attributes, "top"), attribute(attributes, "left"),
              attribute(attributes, "height"), attribute(attributes, "width"))};
}

Tensors reference(const Tensors& inputs, const Attributes& attributes) {
  const Tensor& x = inputs[0];
  const int64_t top = attribute(attributes, "top"), left = attribute(attributes, "left");
  Tensor y = Tensor::zeros(
      {x.dim(0), x.dim(1), attribute(attributes, "height"), attribute(attributes, "width")}, DType::float64);
  for_each_element(x.shape(), [&](int64_t n, int64_t c, int64_t i, int64_t j) {
    at(y, n, c, top + i, left + j) = at(x, n, c, i, j);
  });
  return {y};
}

Attributes placement(double top, double left, double height, double width) {
  return {{"top", top}, {"left", left}, {"height", height}, {"width", width}};
}

const RegisterOp registered({
    .name = "pad",
    .formula = "y[..., top + i, left + j] = x[..., i, j], 0 elsewhere",
    .run = run,
    .reference = reference,
    .samples = {{{{{2, 3, 4, 3}}}, placement(1, 2, 5, 7)},
                {{{{1, 1, 1, 1}}}, placement(0, 0, 1, 1)},
                {{{{2, 3, 0, 2}}}, placement(2, 1, 3, 3)},
                {{{{2, 5, 79, 69}}}, placement(11, 1, 90, 70)}},
    .benchmarks = {{{{{2, 32, 256, 256}}}, placement(128, 128, 512, 512)}},
    .work =
        [](const Tensors& inputs, const Attributes& attributes) {
          const Tensor& x = inputs[0];
          const double pixels = real_attribute(attributes, "height") * real_attribute(attributes, "width");
          const double written =
              pixels * static_cast<double>(x.dim(0) * x.dim(1)) * static_cast<double>(size_of(x.dtype()));
          return Work{static_cast<double>(x.bytes()) + written, 0};
        },
});

}  // namespace
}  // namespace masktwins

#include "tensor/ops/crop.h"

#include "tensor/autograd.h"
#include "tensor/op.h"
#include "tensor/ops/copy_block.h"
#include "tensor/reference.h"

namespace masktwins {

Tensor crop(const Tensor& x, int64_t top, int64_t left, int64_t height, int64_t width) {
  const Extent image = extent(x, "crop");
  require(top >= 0 && left >= 0 && height >= 0 && width >= 0 && top + height <= image.height &&
              left + width <= image.width,
          "crop: window of ", height, " x ", width, " pixels at (", top, ", ", left,
          ") leaves the image of shape ", x.shape());
  Tensor y = Tensor::empty(with_extent(x, height, width), x.dtype(), x.device());
  copy_window("crop", x, {top, left}, y, {0, 0}, height, width);
  return record("crop", y, {x},
                [shape = x.shape(), top, left, height, width](const Tensor& dy, InputGradients& inputs) {
                  Tensor dx = Tensor::zeros(shape, dy.dtype(), dy.device());
                  copy_window("crop_backward", dy, {0, 0}, dx, {top, left}, height, width);
                  inputs.add(0, dx);
                });
}

namespace {

Tensors run(const Tensors& inputs, const Attributes& attributes) {
  return {crop(inputs[0], attribute(attributes, "top"), attribute(attributes, "left"),
               attribute(attributes, "height"), attribute(attributes, "width"))};
}

Tensors reference(const Tensors& inputs, const Attributes& attributes) {
  const Tensor& x = inputs[0];
  const int64_t top = attribute(attributes, "top"), left = attribute(attributes, "left");
  Tensor y = Tensor::empty(
      {x.dim(0), x.dim(1), attribute(attributes, "height"), attribute(attributes, "width")}, DType::float64);
  for_each_element(y.shape(), [&](int64_t n, int64_t c, int64_t i, int64_t j) {
    at(y, n, c, i, j) = at(x, n, c, top + i, left + j);
  });
  return {y};
}

Attributes window(double top, double left, double height, double width) {
  return {{"top", top}, {"left", left}, {"height", height}, {"width", width}};
}

const RegisterOp registered({
    .name = "crop",
    .formula = "y[..., i, j] = x[..., top + i, left + j]",
    .run = run,
    .reference = reference,
    .samples = {{{{{2, 3, 5, 7}}}, window(1, 2, 3, 4)},
                {{{{1, 1, 1, 1}}}, window(0, 0, 1, 1)},
                {{{{2, 3, 5, 7}}}, window(5, 3, 0, 2)},
                {{{{2, 5, 90, 70}}}, window(11, 1, 79, 69)},
                {{{{1, 2, 6, 5}}}, window(1, 1, 3, 3)}},
    .benchmarks = {{{{{2, 32, 512, 512}}}, window(128, 128, 256, 256)}},
    .work =
        [](const Tensors& inputs, const Attributes& attributes) {
          const Tensor& x = inputs[0];
          const double pixels = real_attribute(attributes, "height") * real_attribute(attributes, "width");
          return Work{
              2 * pixels * static_cast<double>(x.dim(0) * x.dim(1)) * static_cast<double>(size_of(x.dtype())),
              0};
        },
});

}  // namespace
}  // namespace masktwins

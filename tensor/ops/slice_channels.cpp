#include "tensor/ops/slice_channels.h"

#include "tensor/autograd.h"
#include "tensor/op.h"
#include "tensor/ops/copy_block.h"
#include "tensor/reference.h"

namespace masktwins {

Tensor slice_channels(const Tensor& x, int64_t first, int64_t count) {
  const ImageSize size = image_size(x, "slice_channels");
  require(first >= 0 && count >= 0 && first + count <= size.channels, "slice_channels: channels ", first,
          " to ", first + count - 1, " of a tensor of shape ", x.shape());
  Tensor y = Tensor::empty({size.batch, count, size.height, size.width}, x.dtype(), x.device());
  copy_channels("slice_channels", x, first, y, 0, count);
  return record("slice_channels", y, {x},
                [shape = x.shape(), first](const Tensor& dy, InputGradients& inputs) {
                  Tensor dx = Tensor::zeros(shape, dy.dtype(), dy.device());
                  copy_channels("slice_channels_backward", dy, 0, dx, first, dy.dim(1));
                  inputs.add(0, dx);
                });
}

namespace {

Tensors run(const Tensors& inputs, const Attributes& attributes) {
  return {slice_channels(inputs[0], attribute(attributes, "first"), attribute(attributes, "count"))};
}

Tensors reference(const Tensors& inputs, const Attributes& attributes) {
  const Tensor& x = inputs[0];
  Tensor y = Tensor::empty({x.dim(0), attribute(attributes, "count"), x.dim(2), x.dim(3)}, DType::float64);
  for_each_element(y.shape(), [&](int64_t n, int64_t c, int64_t i, int64_t j) {
    at(y, n, c, i, j) = at(x, n, attribute(attributes, "first") + c, i, j);
  });
  return {y};
}

const RegisterOp registered({
    .name = "slice_channels",
    .formula = "y[:, c] = x[:, first + c], c < count",
    .run = run,
    .reference = reference,
    .samples = {{{{{2, 7, 4, 5}}}, {{"first", 2}, {"count", 3}}},
                {{{{1, 1, 1, 1}}}, {{"first", 0}, {"count", 1}}},
                {{{{2, 3, 3, 3}}}, {{"first", 3}, {"count", 0}}},
                {{{{1, 19, 71, 53}}}, {{"first", 1}, {"count", 17}}}},
    .benchmarks = {{{{{2, 128, 256, 256}}}, {{"first", 64}, {"count", 64}}}},
    .work =
        [](const Tensors& inputs, const Attributes& attributes) {
          const double share = real_attribute(attributes, "count") / static_cast<double>(inputs[0].dim(1));
          return Work{2 * share * static_cast<double>(inputs[0].bytes()), 0};
        },
});

}  // namespace
}  // namespace masktwins

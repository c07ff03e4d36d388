#include "tensor/ops/concat_channels.h"

#include "tensor/autograd.h"
#include "tensor/op.h"
#include "tensor/ops/copy_block.h"
#include "tensor/reference.h"

namespace masktwins {
namespace {

int64_t total_channels(const std::vector<Tensor>& parts) {
  require(!parts.empty(), "concat_channels: needs at least one tensor");
  const ImageSize first = image_size(parts[0], "concat_channels");
  int64_t channels = 0;
  for (const Tensor& part : parts) {
    const ImageSize size = image_size(part, "concat_channels");
    require(size.batch == first.batch && size.height == first.height && size.width == first.width,
            "concat_channels: batch, height and width differ, ", parts[0].shape(), " and ", part.shape());
    require(part.dtype() == parts[0].dtype(), "concat_channels: dtypes differ, ", parts[0].dtype(), " and ",
            part.dtype());
    channels += size.channels;
  }
  return channels;
}

Tensor joined(const std::vector<Tensor>& parts) {
  const Tensor& first = parts[0];
  Tensor y = Tensor::empty({first.dim(0), total_channels(parts), first.dim(2), first.dim(3)}, first.dtype(),
                           first.device());
  int64_t channel = 0;
  for (const Tensor& part : parts) {
    copy_channels("concat_channels", part, 0, y, channel, part.dim(1));
    channel += part.dim(1);
  }
  return y;
}

}  // namespace

Tensor concat_channels(const std::vector<Tensor>& parts) {
  total_channels(parts);
  std::vector<Shape> shapes;
  for (const Tensor& part : parts) shapes.push_back(part.shape());
  return record("concat_channels", joined(parts), parts, [shapes](const Tensor& dy, InputGradients& inputs) {
    int64_t channel = 0;
    for (std::size_t i = 0; i < shapes.size(); ++i) {
      const int64_t count = shapes[i][1];
      if (inputs.wanted(i)) {
        Tensor dx = Tensor::empty(shapes[i], dy.dtype(), dy.device());
        copy_channels("concat_channels_backward", dy, channel, dx, 0, count);
        inputs.add(i, dx);
      }
      channel += count;
    }
  });
}

namespace {

Tensors reference(const Tensors& inputs, const Attributes&) {
  const Shape& first = inputs[0].shape();
  int64_t channels = 0;
  for (const Tensor& part : inputs) channels += part.dim(1);
  Tensor y = Tensor::empty({first[0], channels, first[2], first[3]}, DType::float64);
  int64_t offset = 0;
  for (const Tensor& part : inputs) {
    for_each_element(part.shape(), [&](int64_t n, int64_t c, int64_t i, int64_t j) {
      at(y, n, offset + c, i, j) = at(part, n, c, i, j);
    });
    offset += part.dim(1);
  }
  return {y};
}

const RegisterOp registered({
    .name = "concat_channels",
    .formula = "y[:, c] = channels of the parts one after the other",
    .run = [](const Tensors& inputs, const Attributes&) { return Tensors{concat_channels(inputs)}; },
    .reference = reference,
    .samples = {{{{{2, 3, 4, 5}}, {{2, 1, 4, 5}}, {{2, 5, 4, 5}}}, {}},
                {{{{2, 4, 3, 2}}, {{2, 3, 3, 2}}, {{2, 6, 3, 2}}, {{2, 1, 3, 2}}}, {}},
                {{{{1, 1, 1, 1}}}, {}},
                {{{{2, 0, 3, 3}}, {{2, 2, 3, 3}}}, {}},
                {{{{0, 2, 3, 3}}, {{0, 2, 3, 3}}}, {}},
                {{{{1, 19, 71, 53}}, {{1, 3, 71, 53}}}, {}}},
    .benchmarks = {{{{{2, 64, 256, 256}}, {{2, 64, 256, 256}}}, {}}},
    .work =
        [](const Tensors& inputs, const Attributes&) {
          Work work;
          for (const Tensor& part : inputs) work.bytes += 2.0 * static_cast<double>(part.bytes());
          return work;
        },
});

}  // namespace
}  // namespace masktwins

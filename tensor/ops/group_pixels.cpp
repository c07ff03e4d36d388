#include "tensor/ops/group_pixels.h"

#include "tensor/autograd.h"
#include "tensor/reference.h"

namespace masktwins {

Tensor group_pixels(const Tensor& x, const PixelGrouping& grouping) {
  const kernels::PixelGroups groups = pixel_groups("group_pixels", grouping, image_size(x, "group_pixels"));
  return record("group_pixels", grouped(groups, x), {x},
                [groups](const Tensor& dy, InputGradients& inputs) { inputs.add(0, ungrouped(groups, dy)); });
}

namespace {

// Pads in a first step and cuts in a second.
Tensors reference(const Tensors& inputs, const Attributes& attributes) {
  const Tensor& x = inputs[0];
  const PixelGrouping g = grouping_of(attributes);
  const int64_t padded_height = g.rows * g.height, padded_width = g.columns * g.width;
  const int64_t top = (padded_height - x.dim(2)) / 2, left = (padded_width - x.dim(3)) / 2;
  Tensor padded = Tensor::zeros({x.dim(0), x.dim(1), padded_height, padded_width}, DType::float64);
  for_each_element(x.shape(), [&](int64_t n, int64_t c, int64_t i, int64_t j) {
    at(padded, n, c, top + i, left + j) = at(x, n, c, i, j);
  });
  Tensor y = Tensor::empty({x.dim(0) * g.rows * g.columns, x.dim(1), g.height, g.width}, DType::float64);
  for_each_element(padded.shape(), [&](int64_t n, int64_t c, int64_t i, int64_t j) {
    const int64_t row = g.interlaced ? i % g.rows : i / g.height;
    const int64_t column = g.interlaced ? j % g.columns : j / g.width;
    at(y, (n * g.rows + row) * g.columns + column, c, g.interlaced ? i / g.rows : i % g.height,
       g.interlaced ? j / g.columns : j % g.width) = at(padded, n, c, i, j);
  });
  return {y};
}

Sample sample(const Shape& images, const PixelGrouping& grouping) {
  return {{{images}}, grouping_attributes(grouping)};
}

const RegisterOp registered({
    .name = "group_pixels",
    .formula = "pixels of images as rows · columns smaller images, of neighbours or interlaced",
    .run = [](const Tensors& in,
              const Attributes& a) { return Tensors{group_pixels(in[0], grouping_of(a))}; },
    .reference = reference,
    .samples = {sample({2, 3, 6, 8}, {3, 2, 2, 4, true}), sample({2, 3, 6, 8}, {3, 2, 2, 4, false}),
                sample({1, 4, 9, 13}, {8, 8, 2, 2, true}),  // rows and columns that are padding on both sides
                sample({1, 8, 9, 13}, {2, 2, 8, 8, false}), sample({1, 1, 1, 1}, {1, 1, 1, 1, true}),
                sample({0, 2, 4, 4}, {2, 2, 2, 2, true}), sample({1, 24, 40, 33}, {5, 9, 8, 4, false}),
                sample({1, 40, 41, 33}, {8, 8, 6, 5, true})},
    .benchmarks = {sample({1, 256, 128, 128}, {8, 8, 16, 16, true}),
                   sample({1, 256, 128, 128}, {16, 16, 8, 8, false})},
    .work =
        [](const Tensors& in, const Attributes& a) {
          return grouping_work(
              pixel_groups("group_pixels", grouping_of(a), image_size(in[0], "group_pixels")), in[0].dtype());
        },
});

}  // namespace
}  // namespace masktwins

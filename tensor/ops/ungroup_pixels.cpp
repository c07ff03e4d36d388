#include "tensor/ops/ungroup_pixels.h"

#include "tensor/autograd.h"
#include "tensor/reference.h"

namespace masktwins {
namespace {

kernels::PixelGroups groups_of(const Tensor& x, const PixelGrouping& g, int64_t height, int64_t width) {
  const ImageSize groups = image_size(x, "ungroup_pixels");
  const kernels::PixelGroups result = pixel_groups(
      "ungroup_pixels", g, {groups.batch / (g.rows * g.columns), groups.channels, height, width});
  require(groups.batch % (g.rows * g.columns) == 0 && groups.height == g.height && groups.width == g.width,
          "ungroup_pixels: ", x.shape(), " is not made of ", g.rows, " x ", g.columns, " groups of ",
          g.height, " x ", g.width, " pixels");
  return result;
}

}  // namespace

Tensor ungroup_pixels(const Tensor& x, const PixelGrouping& grouping, int64_t image_height,
                      int64_t image_width) {
  const kernels::PixelGroups groups = groups_of(x, grouping, image_height, image_width);
  return record("ungroup_pixels", ungrouped(groups, x), {x},
                [groups](const Tensor& dy, InputGradients& inputs) { inputs.add(0, grouped(groups, dy)); });
}

namespace {

Tensors reference(const Tensors& inputs, const Attributes& attributes) {
  const Tensor& x = inputs[0];
  const PixelGrouping g = grouping_of(attributes);
  const int64_t height = attribute(attributes, "image_height"), width = attribute(attributes, "image_width");
  const int64_t top = (g.rows * g.height - height) / 2, left = (g.columns * g.width - width) / 2;
  Tensor y = Tensor::empty({x.dim(0) / (g.rows * g.columns), x.dim(1), height, width}, DType::float64);
  for_each_element(y.shape(), [&](int64_t n, int64_t c, int64_t i, int64_t j) {
    const int64_t p = top + i, q = left + j;  // with the padding
    const int64_t row = g.interlaced ? p % g.rows : p / g.height;
    const int64_t column = g.interlaced ? q % g.columns : q / g.width;
    at(y, n, c, i, j) =
        at(x, (n * g.rows + row) * g.columns + column, c, g.interlaced ? p / g.rows : p % g.height,
           g.interlaced ? q / g.columns : q % g.width);
  });
  return {y};
}

Sample sample(int64_t batch, int64_t channels, double height, double width, const PixelGrouping& g) {
  Attributes attributes = grouping_attributes(g);
  attributes["image_height"] = height;
  attributes["image_width"] = width;
  return {{{{batch * g.rows * g.columns, channels, g.height, g.width}}}, attributes};
}

Tensors run(const Tensors& in, const Attributes& a) {
  return {ungroup_pixels(in[0], grouping_of(a), attribute(a, "image_height"), attribute(a, "image_width"))};
}

const RegisterOp registered({
    .name = "ungroup_pixels",
    .formula = "the images whose groups of pixels these are",
    .run = run,
    .reference = reference,
    .samples = {sample(2, 3, 6, 8, {3, 2, 2, 4, true}), sample(2, 3, 6, 8, {3, 2, 2, 4, false}),
                sample(1, 4, 9, 13, {8, 8, 2, 2, true}), sample(1, 8, 9, 13, {2, 2, 8, 8, false}),
                sample(1, 1, 1, 1, {1, 1, 1, 1, true}), sample(0, 2, 4, 4, {2, 2, 2, 2, true}),
                sample(1, 24, 40, 33, {5, 9, 8, 4, false}), sample(1, 40, 41, 33, {8, 8, 6, 5, true})},
    .benchmarks = {sample(1, 256, 128, 128, {8, 8, 16, 16, true}),
                   sample(1, 256, 128, 128, {16, 16, 8, 8, false})},
    .work =
        [](const Tensors& in, const Attributes& a) {
          return grouping_work(
              groups_of(in[0], grouping_of(a), attribute(a, "image_height"), attribute(a, "image_width")),
              in[0].dtype());
        },
});

}  // namespace
}  // namespace masktwins

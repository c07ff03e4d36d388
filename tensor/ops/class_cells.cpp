#include "tensor/ops/class_cells.h"

#include "kernels/class_cells.h"
#include "tensor/autograd.h"
#include "tensor/dispatch.h"
#include "tensor/op.h"

namespace masktwins {
namespace {

Work work(const Tensor& labels) {
  const double pixels = static_cast<double>(labels.numel());
  return {pixels, pixels};
}

}  // namespace

Tensor class_cells(const Tensor& labels, const Tensor& wanted, int64_t factor, double share, DType dtype) {
  require(labels.rank() == 3, "class_cells: needs labels (N, H, W), got ", labels.shape());
  require(wanted.shape() == Shape{256}, "class_cells: needs one flag for each of 256 classes, got ",
          wanted.shape());
  require(factor >= 1, "class_cells: cells have at least one pixel, got factor ", factor);
  Tensor cells =
      Tensor::empty({labels.dim(0), labels.dim(1) / factor, labels.dim(2) / factor}, dtype, labels.device());
  const ProfileScope profile("class_cells", work(labels));
  dispatch(cells, "class_cells", [&](auto device, auto zero) {
    using T = decltype(zero);
    const kernels::ClassCellsArgs<T> args{
        labels.dim(0), labels.dim(1),          labels.dim(2),          factor,
        share,         labels.data<uint8_t>(), wanted.data<uint8_t>(), cells.data<T>()};
    if constexpr (device == Device::cpu) kernels::cpu::class_cells(args);
    else kernels::cuda::class_cells(args);
  });
  return record("class_cells", cells);
}

namespace {

Tensors reference(const Tensors& inputs, const Attributes& a) {
  const Tensor& labels = inputs[0];
  const int64_t factor = attribute(a, "factor"), height = labels.dim(1), width = labels.dim(2);
  const int64_t rows = height / factor, columns = width / factor;
  Tensor cells = Tensor::zeros({labels.dim(0), rows, columns}, DType::float64);
  for (int64_t i = 0; i < cells.numel(); ++i) {
    const int64_t n = i / (rows * columns), row = i / columns % rows, column = i % columns;
    for (int64_t k = 0; k < 255; ++k) {
      double covered = 0;
      for (int64_t y = row * factor; y < (row + 1) * factor; ++y)
        for (int64_t x = column * factor; x < (column + 1) * factor; ++x)
          covered += labels.data<uint8_t>()[(n * height + y) * width + x] == k;
      // More than half of the pixels: no other class can have as many.
      if (covered >= real_attribute(a, "share") * static_cast<double>(factor * factor))
        cells.data<double>()[i] = inputs[1].data<uint8_t>()[k];
    }
  }
  return {cells};
}

Sample sample(const Shape& labels, double classes, double factor, double share) {
  return {{{labels, Fill::integers, 0, classes, DType::uint8}, {{256}, Fill::integers, 0, 2, DType::uint8}},
          {{"factor", factor}, {"share", share}}};
}

const RegisterOp registered({
    .name = "class_cells",
    .formula = "cell = 1 if one wanted class covers at least `share` of its pixels, else 0",
    .run =
        [](const Tensors& inputs, const Attributes& a) {
          return Tensors{
              class_cells(inputs[0], inputs[1], attribute(a, "factor"), real_attribute(a, "share"))};
        },
    .reference = reference,
    .samples = {sample({2, 12, 16}, 2, 4, 0.55), sample({1, 9, 7}, 3, 2, 0.75), sample({3, 5, 5}, 256, 1, 1),
                sample({1, 1, 1}, 2, 1, 1), sample({0, 8, 8}, 2, 4, 0.75)},
    .benchmarks = {sample({2, 1024, 1024}, 19, 64, 0.75)},
    .work = [](const Tensors& inputs, const Attributes&) { return work(inputs[0]); },
    .has_gradient = false,
    .cuda_dtypes = {DType::float32},
});

}  // namespace
}  // namespace masktwins

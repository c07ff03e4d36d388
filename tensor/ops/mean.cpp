#include "tensor/ops/mean.h"

#include "tensor/op.h"
#include "tensor/ops/sum.h"

namespace masktwins {

Tensor mean(const Tensor& x) {
  require(x.numel() > 0, "mean: a tensor of shape ", x.shape(), " has no elements");
  return scaled_sum("mean", x, 1 / static_cast<double>(x.numel()));
}

namespace {

Tensors reference(const Tensors& inputs, const Attributes&) {
  double total = 0;
  for (int64_t i = 0; i < inputs[0].numel(); ++i) total += inputs[0].data<double>()[i];
  return {Tensor::full({}, total / static_cast<double>(inputs[0].numel()), DType::float64)};
}

const RegisterOp registered({
    .name = "mean",
    .formula = "y = sum of all x / number of elements",
    .run = [](const Tensors& inputs, const Attributes&) { return Tensors{mean(inputs[0])}; },
    .reference = reference,
    .samples = {{{{{2, 3, 5, 7}}}, {}}, {{{{1}}}, {}}, {{{{3, 41}}}, {}}},
    .benchmarks = {{{{{2, 32, 256, 256}}}, {}}},
    .work =
        [](const Tensors& inputs, const Attributes&) {
          return Work{static_cast<double>(inputs[0].bytes()), static_cast<double>(inputs[0].numel())};
        },
});

}  // namespace
}  // namespace masktwins

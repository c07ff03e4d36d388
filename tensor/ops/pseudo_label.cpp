#include "tensor/ops/pseudo_label.h"

#include <algorithm>
#include <cmath>

#include "kernels/pseudo_label.h"
#include "tensor/autocast.h"
#include "tensor/autograd.h"
#include "tensor/dispatch.h"
#include "tensor/op.h"

namespace masktwins {
namespace {

Work work(const Tensor& logits) {
  const double pixels =
      static_cast<double>(logits.numel()) / static_cast<double>(std::max<int64_t>(1, logits.dim(1)));
  return {
      static_cast<double>(logits.bytes()) + pixels * static_cast<double>(1 + size_of(wide(logits.dtype()))),
      3.0 * static_cast<double>(logits.numel())};
}

}  // namespace

PseudoLabel pseudo_label(const Tensor& logits, double foreground_threshold) {
  if (autocasts("pseudo_label", {logits}))
    return pseudo_label(autocast("pseudo_label", logits), foreground_threshold);
  const ImageSize size = image_size(logits, "pseudo_label");
  require(size.channels >= 1 && size.channels <= 255, "pseudo_label: 1 to 255 classes fit a label, got ",
          size.channels);
  const Shape shape{size.batch, size.height, size.width};
  PseudoLabel result{Tensor::empty(shape, DType::uint8, logits.device()),
                     Tensor::empty(shape, wide(logits.dtype()), logits.device())};
  const ProfileScope profile("pseudo_label", work(logits));
  dispatch(logits, "pseudo_label", [&](auto device, auto zero) {
    using T = decltype(zero);
    const kernels::PseudoLabelArgs<T> args{shape.numel(),
                                           size.channels,
                                           foreground_threshold,
                                           logits.data<T>(),
                                           result.label.data<uint8_t>(),
                                           result.probability.data<kernels::Wide<T>>()};
    if constexpr (device == Device::cpu) kernels::cpu::pseudo_label(args);
    else kernels::cuda::pseudo_label(args);
  });
  record("pseudo_label", result.probability);
  return result;
}

namespace {

Tensors run(const Tensors& inputs, const Attributes& attributes) {
  const PseudoLabel result = pseudo_label(inputs[0], real_attribute(attributes, "foreground_threshold"));
  return {result.probability, result.label};
}

Tensors reference(const Tensors& inputs, const Attributes& attributes) {
  const double threshold = real_attribute(attributes, "foreground_threshold");
  const int64_t classes = inputs[0].dim(1), pixels = inputs[0].numel() / classes;
  const Shape shape{inputs[0].dim(0), inputs[0].dim(2), inputs[0].dim(3)};
  Tensor label = Tensor::empty(shape, DType::uint8), probability = Tensor::empty(shape, DType::float64);
  for (int64_t i = 0; i < pixels; ++i) {
    const double* z = inputs[0].data<double>() + i * classes;
    const double* best = std::max_element(z, z + classes);
    double sum = 0;
    for (int64_t k = 0; k < classes; ++k) sum += std::exp(z[k]);
    const double largest = std::exp(*best) / sum;
    label.data<uint8_t>()[i] = largest < threshold ? 0 : static_cast<uint8_t>(best - z);
    probability.data<double>()[i] = largest;
  }
  return {probability, label};
}

Sample sample(const Shape& shape, double foreground_threshold = 0) {
  return {{{shape}}, {{"foreground_threshold", foreground_threshold}}};
}

const RegisterOp registered({
    .name = "pseudo_label",
    .formula = "label = argmax_k z_k, probability = max_k softmax(z)_k; label = 0 if probability < threshold",
    .run = run,
    .reference = reference,
    .samples = {sample({2, 2, 9, 7}), sample({2, 2, 9, 7}, 0.75), sample({1, 19, 5, 6}), sample({1, 1, 1, 1}),
                sample({0, 2, 4, 4})},
    .benchmarks = {sample({2, 2, 512, 512})},
    .work = [](const Tensors& inputs, const Attributes&) { return work(inputs[0]); },
    .has_gradient = false,
    .autocast = Autocast::keep_float32,
});

}  // namespace
}  // namespace masktwins

#include "tensor/ops/weigh_labels.h"

#include <cmath>

#include "kernels/weigh_labels.h"
#include "tensor/autograd.h"
#include "tensor/dispatch.h"
#include "tensor/op.h"

namespace masktwins {
namespace {

Work work(const Tensor& label, const Tensor& probability) {
  return {static_cast<double>(label.bytes()) + 3.0 * static_cast<double>(probability.bytes()),
          2.0 * static_cast<double>(label.numel())};
}

}  // namespace

LabelWeights weigh_labels(const Tensor& label, const Tensor& probability, int64_t classes,
                          const WeighLabelsOptions& options) {
  require(label.shape() == probability.shape() && label.dtype() == DType::uint8 &&
              label.device() == probability.device(),
          "weigh_labels: labels ", label.shape(), " ", label.dtype(), " for probabilities ",
          probability.shape());
  require(classes >= 1 && classes <= 255, "weigh_labels: 1 to 255 classes fit a label, got ", classes);
  LabelWeights result{Tensor::full({1 + classes}, NAN, probability.dtype(), probability.device()),
                      Tensor::empty(probability.shape(), probability.dtype(), probability.device())};
  if (label.numel() == 0) return result;
  const ProfileScope profile("weigh_labels", work(label, probability));
  dispatch(probability, "weigh_labels", [&](auto device, auto zero) {
    using T = decltype(zero);
    const kernels::WeighLabelsArgs<T> args{label.numel(),          classes,
                                           options.sure,           options.least,
                                           options.by_quality,     label.data<uint8_t>(),
                                           probability.data<T>(),  result.shares.data<T>(),
                                           result.weight.data<T>()};
    if constexpr (device == Device::cpu) kernels::cpu::weigh_labels(args);
    else if constexpr (std::is_same_v<T, float>) kernels::cuda::weigh_labels(args);
    else fail("weigh_labels: probabilities are float32 on cuda, not ", probability.dtype());
  });
  record("weigh_labels", result.weight);
  return result;
}

namespace {

Tensors run(const Tensors& inputs, const Attributes& a) {
  const LabelWeights result =
      weigh_labels(inputs[0], inputs[1], attribute(a, "classes"),
                   {real_attribute(a, "sure"), real_attribute(a, "least"), attribute(a, "by_quality") != 0});
  return {result.weight, result.shares};
}

Tensors reference(const Tensors& inputs, const Attributes& a) {
  const Tensor& probability = inputs[1];
  const double pixels = static_cast<double>(probability.numel());
  Tensor shares = Tensor::zeros({1 + attribute(a, "classes")}, DType::float64), weight = probability.clone();
  double* share = shares.data<double>();
  for (int64_t i = 0; i < probability.numel(); ++i) {
    if (probability.data<double>()[i] >= real_attribute(a, "sure")) share[0] += 1 / pixels;
    share[1 + inputs[0].data<uint8_t>()[i]] += 1 / pixels;
  }
  for (int64_t i = 0; i < probability.numel(); ++i) {
    const bool counts = probability.data<double>()[i] >= real_attribute(a, "least");
    weight.data<double>()[i] = !counts ? 0 : attribute(a, "by_quality") != 0 ? share[0] : 1;
  }
  return {weight, shares};
}

Sample sample(const Shape& shape, double classes, double sure, double least, double by_quality) {
  const Argument label{.shape = shape, .fill = Fill::integers, .high = classes, .dtype = DType::uint8};
  const Argument probability{.shape = shape, .fill = Fill::uniform, .low = 1 / classes};
  return {{label, probability},
          {{"classes", classes}, {"sure", sure}, {"least", least}, {"by_quality", by_quality}}};
}

const RegisterOp registered({
    .name = "weigh_labels",
    .formula = "w = p < least ? 0 : share(p ≥ sure)",
    .run = run,
    .reference = reference,
    .samples = {sample({2, 9, 7}, 2, 0.9, 0.7, 1), sample({1, 61, 43}, 19, 0.5, 0, 1),
                sample({1, 1, 1}, 1, 0.968, 0.7, 0)},
    .benchmarks = {sample({2, 512, 512}, 2, 0.968, 0, 1)},
    .work = [](const Tensors& inputs, const Attributes&) { return work(inputs[0], inputs[1]); },
    .has_gradient = false,
    .cuda_dtypes = {DType::float32},
    .autocast = Autocast::keep_float32,
});

}  // namespace
}  // namespace masktwins

#include "tensor/ops/cross_entropy.h"

#include <algorithm>
#include <cmath>

#include "kernels/cross_entropy.h"
#include "tensor/autocast.h"
#include "tensor/autograd.h"
#include "tensor/dispatch.h"
#include "tensor/op.h"

namespace masktwins {
namespace {

using kernels::Wide;

Work work(const Tensor& logits, const Tensor& labels, const Tensor& weights) {
  const double read = static_cast<double>(logits.bytes() + labels.bytes() + (weights ? weights.bytes() : 0));
  return {read, 4.0 * static_cast<double>(logits.numel())};
}

template <class T>
const T* data_or_null(const Tensor& x) {
  return x.defined() ? x.data<T>() : nullptr;
}

void check_inputs(const Tensor& logits, const Tensor& labels, const Tensor& weights) {
  const ImageSize size = image_size(logits, "cross_entropy");
  const Shape pixels{size.batch, size.height, size.width};
  require(labels.shape() == pixels, "cross_entropy: labels ", labels.shape(), " do not fit logits ",
          logits.shape());
  require(!weights.defined() || (weights.shape() == pixels && weights.dtype() == wide(logits.dtype())),
          "cross_entropy: weights must be ", wide(logits.dtype()), " of shape ", pixels);
  if (labels.device() != Device::cpu) return;  // looked at by the kernel, which turns the loss into NaN
  const uint8_t* label = labels.data<uint8_t>();
  const uint8_t* end = label + labels.numel();
  const auto wrong = std::find_if(
      label, end, [&](uint8_t value) { return value >= size.channels && value != kernels::ignored_label; });
  require(wrong == end, "cross_entropy: label ", wrong == end ? 0 : int{*wrong}, " with ", size.channels,
          " classes; labels are 0 to ", size.channels - 1, ", or 255 for ignored pixels");
}

Tensor cross_entropy_backward(const Tensor& logits, const Tensor& labels, const Tensor& weights,
                              const Tensor& dloss) {
  Tensor dlogits = Tensor::empty(logits.shape(), logits.dtype(), logits.device());
  Work least = work(logits, labels, weights);
  least.bytes += static_cast<double>(logits.bytes());
  const ProfileScope profile("cross_entropy_backward", least);
  dispatch(logits, "cross_entropy", [&](auto device, auto zero) {
    using T = decltype(zero);
    const kernels::CrossEntropyBackwardArgs<T> args{labels.numel(),
                                                    logits.dim(1),
                                                    logits.data<T>(),
                                                    labels.data<uint8_t>(),
                                                    data_or_null<Wide<T>>(weights),
                                                    dloss.data<Wide<T>>(),
                                                    dlogits.data<T>()};
    if constexpr (device == Device::cpu) kernels::cpu::cross_entropy_backward(args);
    else kernels::cuda::cross_entropy_backward(args);
  });
  return dlogits;
}

}  // namespace

Tensor cross_entropy(const Tensor& logits, const Tensor& labels, const Tensor& weights) {
  if (autocasts("cross_entropy", {logits, weights}))
    return cross_entropy(autocast("cross_entropy", logits), labels, autocast("cross_entropy", weights));
  check_inputs(logits, labels, weights);
  Tensor loss = Tensor::empty({}, wide(logits.dtype()), logits.device());
  {
    const ProfileScope profile("cross_entropy", work(logits, labels, weights));
    dispatch(logits, "cross_entropy", [&](auto device, auto zero) {
      using T = decltype(zero);
      const kernels::CrossEntropyArgs<T> args{labels.numel(),
                                              logits.dim(1),
                                              logits.data<T>(),
                                              labels.data<uint8_t>(),
                                              data_or_null<Wide<T>>(weights),
                                              loss.data<Wide<T>>()};
      if constexpr (device == Device::cpu) kernels::cpu::cross_entropy(args);
      else kernels::cuda::cross_entropy(args);
    });
  }
  return record("cross_entropy", loss, {logits},
                [logits = Saved(logits), labels = Saved(labels), weights = Saved(weights)](
                    const Tensor& dloss, InputGradients& inputs) {
                  inputs.add(0, cross_entropy_backward(logits.get(), labels.get(), weights.get(), dloss));
                });
}

namespace {

Tensors run(const Tensors& in, const Attributes&) {
  return {cross_entropy(in[0], in[1], in.size() > 2 ? in[2] : Tensor())};
}

Tensors reference(const Tensors& in, const Attributes&) {
  const int64_t classes = in[0].dim(1), pixels = in[1].numel();
  double sum = 0;
  for (int64_t i = 0; i < pixels; ++i) {
    const double* z = in[0].data<double>() + i * classes;
    const int label = in[1].data<uint8_t>()[i];
    if (label == 255) continue;
    double total = 0;
    for (int64_t k = 0; k < classes; ++k) total += std::exp(z[k]);
    sum += (in.size() > 2 ? in[2].data<double>()[i] : 1) * (std::log(total) - z[label]);
  }
  return {Tensor::full({}, pixels > 0 ? sum / static_cast<double>(pixels) : 0, DType::float64)};
}

Argument labels(const Shape& logits, double low, double high) {
  return {{logits[0], logits[2], logits[3]}, Fill::integers, low, high, DType::uint8};
}

Sample plain(const Shape& logits) {
  return {{{logits}, labels(logits, 0, static_cast<double>(logits[1]))}, {}};
}

Sample weighted(const Shape& logits) {
  const Argument weight{{logits[0], logits[2], logits[3]}, Fill::uniform, 0, 2, DType::float32, false, true};
  return {{{logits}, labels(logits, 0, static_cast<double>(logits[1])), weight}, {}};
}

const RegisterOp registered({
    .name = "cross_entropy",
    .formula = "mean over pixels of w · (log Σ_k exp z_k - z_label), label 255 adds 0",
    .run = run,
    .reference = reference,
    .samples = {plain({2, 2, 9, 7}),
                weighted({1, 19, 5, 6}),
                plain({1, 1, 1, 1}),
                {{{{1, 3, 4, 4}}, labels({1, 3, 4, 4}, 255, 256)}, {}},  // everything ignored
                plain({0, 2, 4, 4})},
    .benchmarks = {weighted({2, 2, 512, 512}), weighted({2, 19, 512, 512})},
    .work = [](const Tensors& in,
               const Attributes&) { return work(in[0], in[1], in.size() > 2 ? in[2] : Tensor()); },
    .autocast = Autocast::keep_float32,
});

}  // namespace
}  // namespace masktwins

#include "tensor/ops/entropy.h"

#include <cmath>

#include "kernels/entropy.h"
#include "tensor/autocast.h"
#include "tensor/autograd.h"
#include "tensor/dispatch.h"
#include "tensor/op.h"
#include "tensor/reference.h"

namespace masktwins {
namespace {

using kernels::Wide;

Work work(const Tensor& logits) {
  return {static_cast<double>(logits.bytes()), 8.0 * static_cast<double>(logits.numel())};
}

int64_t pixels_of(const Tensor& logits) { return logits.dim(0) * logits.dim(2) * logits.dim(3); }

Tensor entropy_backward(const Tensor& logits, const Tensor& dloss) {
  Tensor dlogits = Tensor::empty(logits.shape(), logits.dtype(), logits.device());
  const ProfileScope profile("entropy_backward", {2.0 * static_cast<double>(logits.bytes()),
                                                  8.0 * static_cast<double>(logits.numel())});
  dispatch(logits, "entropy", [&](auto device, auto zero) {
    using T = decltype(zero);
    const kernels::EntropyBackwardArgs<T> args{pixels_of(logits), logits.dim(1), logits.data<T>(),
                                               dloss.data<Wide<T>>(), dlogits.data<T>()};
    if constexpr (device == Device::cpu) kernels::cpu::entropy_backward(args);
    else kernels::cuda::entropy_backward(args);
  });
  return dlogits;
}

}  // namespace

Tensor entropy(const Tensor& logits) {
  if (autocasts("entropy", {logits})) return entropy(autocast("entropy", logits));
  image_size(logits, "entropy");
  require(logits.numel() > 0, "entropy: logits of shape ", logits.shape(), " have no elements");
  Tensor loss = Tensor::empty({}, wide(logits.dtype()), logits.device());
  {
    const ProfileScope profile("entropy", work(logits));
    dispatch(logits, "entropy", [&](auto device, auto zero) {
      using T = decltype(zero);
      const kernels::EntropyArgs<T> args{pixels_of(logits), logits.dim(1), logits.data<T>(),
                                         loss.data<Wide<T>>()};
      if constexpr (device == Device::cpu) kernels::cpu::entropy(args);
      else kernels::cuda::entropy(args);
    });
  }
  return record("entropy", loss, {logits},
                [saved = Saved(logits)](const Tensor& dloss, InputGradients& inputs) {
                  inputs.add(0, entropy_backward(saved.get(), dloss));
                });
}

namespace {

Tensors reference(const Tensors& inputs, const Attributes&) {
  const Tensor& z = inputs[0];
  double total = 0;
  for (int64_t n = 0; n < z.dim(0); ++n)
    for (int64_t i = 0; i < z.dim(2); ++i)
      for (int64_t j = 0; j < z.dim(3); ++j) {
        double sum = 0;
        for (int64_t k = 0; k < z.dim(1); ++k) sum += std::exp(at(z, n, k, i, j));
        for (int64_t k = 0; k < z.dim(1); ++k) {
          const double p = std::exp(at(z, n, k, i, j)) / sum;
          total -= p * std::log(p);
        }
      }
  return {Tensor::full({}, total / static_cast<double>(z.dim(0) * z.dim(2) * z.dim(3)), DType::float64)};
}

const RegisterOp registered({
    .name = "entropy",
    .formula = "mean over pixels of -sum_k p_k log p_k, p = softmax(logits)",
    .run = [](const Tensors& inputs, const Attributes&) { return Tensors{entropy(inputs[0])}; },
    .reference = reference,
    .samples =
        {{{{{2, 2, 9, 8}}}, {}}, {{{{1, 19, 3, 5}}}, {}}, {{{{1, 1, 1, 1}}}, {}}, {{{{1, 3, 65, 67}}}, {}}},
    .benchmarks = {{{{{2, 2, 512, 512}}}, {}}, {{{{2, 19, 512, 512}}}, {}}},
    .work = [](const Tensors& inputs, const Attributes&) { return work(inputs[0]); },
    .autocast = Autocast::keep_float32,
});

}  // namespace
}  // namespace masktwins

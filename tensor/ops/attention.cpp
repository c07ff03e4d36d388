#include "tensor/ops/attention.h"

#include <cmath>

#include "kernels/attention.h"
#include "tensor/autocast.h"
#include "tensor/autograd.h"
#include "tensor/dispatch.h"
#include "tensor/op.h"
#include "tensor/rows.h"

namespace masktwins {
namespace {

using kernels::AttentionShape;

AttentionShape attention_shape(const Tensor& q, const Tensor& kv, int64_t heads) {
  require(q.rank() == kv.rank() && (q.rank() == 3 || q.rank() == 4) && q.dim(0) == kv.dim(0) &&
              q.dtype() == kv.dtype(),
          "attention: q and kv must both be (N, L, C) or (N, C, H, W) with equal N and dtype, got ",
          q.shape(), " and ", kv.shape());
  const int64_t channels = rows_of(q, "attention").channels;
  require(rows_of(kv, "attention").channels == 2 * channels, "attention: kv needs ", 2 * channels,
          " channels, keys and values, got ", kv.shape());
  require(heads >= 1 && channels % heads == 0, "attention: ", channels, " channels cannot be cut into ",
          heads, " heads");
  const auto length = [&](const Tensor& x) { return x.rank() == 4 ? x.dim(2) * x.dim(3) : x.dim(1); };
  require(length(kv) > 0, "attention: there is no key, kv is ", kv.shape());
  return {q.dim(0), length(q), length(kv), heads, channels / heads};
}

Work work(const AttentionShape& s, DType dtype) {
  const double channels = static_cast<double>(s.batch * s.heads * s.width);
  const double queries = static_cast<double>(s.queries), keys = static_cast<double>(s.keys);
  return {2 * channels * (queries + keys) * static_cast<double>(size_of(dtype)),
          4 * channels * queries * keys};
}

struct AttentionResult {
  Tensor o, log_sum;
};

AttentionResult forward(const AttentionShape& s, const Tensor& q, const Tensor& kv, double scale) {
  AttentionResult result{Tensor::empty(q.shape(), q.dtype(), q.device()),
                         Tensor::empty({s.batch, s.heads, s.queries}, wide(q.dtype()), q.device())};
  const ProfileScope profile("attention", work(s, q.dtype()));
  dispatch(q, "attention", [&](auto device, auto zero) {
    using T = decltype(zero);
    const kernels::AttentionArgs<T> args{
        s, q.data<T>(), kv.data<T>(), result.o.data<T>(), result.log_sum.data<kernels::Wide<T>>(), scale};
    if constexpr (device == Device::cpu) kernels::cpu::attention(args);
    else kernels::cuda::attention(args);
  });
  return result;
}

struct AttentionGradients {
  Tensor q, kv;
};

AttentionGradients backward_all(const AttentionShape& s, const Tensor& q, const Tensor& kv,
                                const AttentionResult& result, const Tensor& dy, double scale) {
  AttentionGradients gradients{Tensor::empty(q.shape(), q.dtype(), q.device()),
                               Tensor::empty(kv.shape(), q.dtype(), q.device())};
  const Work once = work(s, q.dtype());
  const ProfileScope profile("attention_backward", {2 * once.bytes, 2.5 * once.flops});
  dispatch(q, "attention", [&](auto device, auto zero) {
    using T = decltype(zero);
    const kernels::AttentionBackwardArgs<T> args{s,
                                                 q.data<T>(),
                                                 kv.data<T>(),
                                                 result.o.data<T>(),
                                                 result.log_sum.data<kernels::Wide<T>>(),
                                                 dy.data<T>(),
                                                 gradients.q.data<T>(),
                                                 gradients.kv.data<T>(),
                                                 scale};
    if constexpr (device == Device::cpu) kernels::cpu::attention_backward(args);
    else kernels::cuda::attention_backward(args);
  });
  return gradients;
}

}  // namespace

Tensor attention(const Tensor& q, const Tensor& kv, int64_t heads, double scale) {
  if (autocasts("attention", {q, kv}))
    return attention(autocast("attention", q), autocast("attention", kv), heads, scale);
  const AttentionShape s = attention_shape(q, kv, heads);
  const auto [o, log_sum] = forward(s, q, kv, scale);
  return record("attention", o, {q, kv},
                [s, scale, q = Saved(q), kv = Saved(kv), o = Saved(o), log_sum = log_sum](
                    const Tensor& dy, InputGradients& inputs) {
                  const AttentionGradients gradients =
                      backward_all(s, q.get(), kv.get(), {o.get(), log_sum}, dy, scale);
                  inputs.add(0, gradients.q);
                  inputs.add(1, gradients.kv);
                });
}

namespace {

Tensors reference(const Tensors& inputs, const Attributes& attributes) {
  const AttentionShape s = attention_shape(inputs[0], inputs[1], attribute(attributes, "heads"));
  const double scale = real_attribute(attributes, "scale");
  const int64_t channels = s.heads * s.width;
  const double* q = inputs[0].data<double>();
  const double* kv = inputs[1].data<double>();
  Tensor o = Tensor::zeros(inputs[0].shape(), DType::float64);
  for (int64_t n = 0; n < s.batch; ++n)
    for (int64_t h = 0; h < s.heads; ++h)
      for (int64_t i = 0; i < s.queries; ++i) {
        const int64_t row = (n * s.queries + i) * channels + h * s.width;
        std::vector<double> p;
        double sum = 0;
        for (int64_t j = 0; j < s.keys; ++j) {
          double score = 0;
          for (int64_t c = 0; c < s.width; ++c)
            score += q[row + c] * kv[(n * s.keys + j) * 2 * channels + h * s.width + c];
          p.push_back(std::exp(scale * score));
          sum += p.back();
        }
        for (int64_t j = 0; j < s.keys; ++j)
          for (int64_t c = 0; c < s.width; ++c)
            o.data<double>()[row + c] += p[static_cast<std::size_t>(j)] / sum *
                                         kv[(n * s.keys + j) * 2 * channels + channels + h * s.width + c];
      }
  return {o};
}

Sample sample(const Shape& q, const Shape& kv, double heads, double scale) {
  return {{{q}, {kv}}, {{"heads", heads}, {"scale", scale}}};
}

const RegisterOp registered({
    .name = "attention",
    .formula = "o = softmax(scale · q kᵀ) v, head by head",
    .run =
        [](const Tensors& in, const Attributes& a) {
          return Tensors{attention(in[0], in[1], attribute(a, "heads"), real_attribute(a, "scale"))};
        },
    .reference = reference,
    .samples = {sample({2, 13, 12}, {2, 5, 24}, 3, 0.5),          // narrow heads, partial vectors
                sample({1, 32, 10, 11}, {1, 64, 5, 4}, 2, 0.25),  // images, several tiles
                sample({1, 5, 4}, {1, 37, 8}, 1, 3),              // more keys than queries, sharp softmax
                sample({1, 4100, 4}, {1, 3, 8}, 1, 0.5),          // several slices of queries
                sample({2, 33, 70}, {2, 40, 140}, 1, 0.1),        // heads of more than 64 channels
                sample({1, 514, 198}, {1, 5, 396}, 1, 0.07),      // the same, several slices of queries
                sample({1, 1, 1}, {1, 1, 2}, 1, 1), sample({0, 4, 6}, {0, 2, 12}, 2, 1)},
    .benchmarks = {sample({1, 16384, 32}, {1, 256, 64}, 1, 0.1767766952966369),
                   sample({1, 16384, 64}, {1, 256, 128}, 1, 0.125),
                   sample({1, 65536, 64}, {1, 1024, 128}, 1, 0.125),
                   sample({2, 1024, 320}, {2, 256, 640}, 5, 0.125)},
    .work =
        [](const Tensors& in, const Attributes& a) {
          return work(attention_shape(in[0], in[1], attribute(a, "heads")), in[0].dtype());
        },
    .autocast = Autocast::low_precision,
});

}  // namespace
}  // namespace masktwins

#include "tensor/ops/dropout.h"

#include "kernels/dropout.h"
#include "tensor/autograd.h"
#include "tensor/dispatch.h"
#include "tensor/op.h"
#include "tensor/random.h"
#include "tensor/rows.h"

namespace masktwins {
namespace {

thread_local bool enabled = true;

struct Draw {
  double probability;
  bool whole_samples;
  kernels::RandomKey key;
  uint64_t step;
};

Work work(const Tensor& x) { return {2.0 * static_cast<double>(x.bytes()), static_cast<double>(x.numel())}; }

Tensor apply(const char* name, const Tensor& x, const Draw& draw) {
  Tensor y = Tensor::empty(x.shape(), x.dtype(), x.device());
  const auto [rows, channels] = rows_of(x, "dropout");
  const int64_t samples = x.dim(0), rows_per_sample = samples == 0 ? 0 : rows / samples;
  const ProfileScope profile(name, work(x));
  dispatch(x, "dropout", [&, channels = channels](auto device, auto zero) {
    using T = decltype(zero);
    const kernels::DropoutArgs<T> args{samples,     rows_per_sample,  channels,           x.data<T>(),
                                       y.data<T>(), draw.probability, draw.whole_samples, draw.key,
                                       draw.step};
    if constexpr (device == Device::cpu) kernels::cpu::dropout(args);
    else kernels::cuda::dropout(args);
  });
  return y;
}

Tensor dropout(const Tensor& x, double p, bool whole_samples) {
  require(p >= 0 && p < 1, "dropout: the probability must be in [0, 1), got ", p);
  if (p == 0 || !enabled) return x;
  const Draw draw{p, whole_samples, random_stream().next_key(), random_stream().step};
  return record("dropout", apply("dropout", x, draw), {x}, [draw](const Tensor& dy, InputGradients& inputs) {
    inputs.add(0, apply("dropout_backward", dy, draw));
  });
}

}  // namespace

Tensor dropout2d(const Tensor& x, double p) { return dropout(x, p, false); }
Tensor drop_path(const Tensor& x, double p) { return dropout(x, p, true); }

NoDropout::NoDropout() : before_(enabled) { enabled = false; }
NoDropout::~NoDropout() { enabled = before_; }

namespace {

Tensors run(const Tensors& inputs, const Attributes& attributes) {
  const double p = real_attribute(attributes, "p");
  return {attribute(attributes, "whole_samples") ? drop_path(inputs[0], p) : dropout2d(inputs[0], p)};
}

Tensors reference(const Tensors& inputs, const Attributes& attributes) {
  const double p = real_attribute(attributes, "p");
  Tensor y = inputs[0].clone();
  const kernels::RandomKey key = random_stream().next_key();
  const auto [rows, channels] = rows_of(y, "dropout");
  for (int64_t i = 0; i < y.numel(); ++i) {
    const int64_t n = i / (y.numel() / y.dim(0)), c = i % channels;
    const int64_t group = attribute(attributes, "whole_samples") ? n : n * channels + c;
    const uint32_t word = kernels::philox(key, random_stream().step, static_cast<uint64_t>(group)).word[0];
    y.data<double>()[i] *= kernels::uniform01(word) >= p ? 1 / (1 - p) : 0;
  }
  return {y};
}

Sample sample(const Shape& x, double p, bool whole_samples) {
  return {{{x}}, {{"p", p}, {"whole_samples", whole_samples}}};
}

const RegisterOp registered({
    .name = "dropout",
    .formula =
        "y = x / (1 - p) where u(key, step, group) >= p, else 0; group = sample, or sample and channel",
    .run = run,
    .reference = reference,
    .samples = {sample({3, 17, 4, 5}, 0.3, false), sample({9, 6, 5}, 0.5, true),
                sample({2, 5, 3, 3}, 0.5, true), sample({2, 3, 200, 100}, 0.1, false),
                sample({1, 1}, 0.5, false), sample({2, 16, 5, 3}, 0.4, false),
                sample({0, 3, 2, 2}, 0.5, true)},
    .benchmarks = {sample({2, 256, 128, 128}, 0.1, false), sample({2, 16384, 64}, 0.1, true)},
    .work = [](const Tensors& inputs, const Attributes&) { return work(inputs[0]); },
});

}  // namespace
}  // namespace masktwins

#include "tensor/ops/l2_distance.h"

#include <cmath>

#include "kernels/l2_distance.h"
#include "tensor/autograd.h"
#include "tensor/op.h"

namespace masktwins {
namespace {

int64_t pixels_of(const Tensor& x) { return x.dim(0) * x.dim(2) * x.dim(3); }

Work work(const Tensor& a) {
  return {2.0 * static_cast<double>(a.bytes()), 3.0 * static_cast<double>(a.numel())};
}

Tensor l2_distance_backward(const Tensor& a, const Tensor& b, const Tensor& dloss, int sign) {
  Tensor gradient = Tensor::empty(a.shape(), a.dtype(), a.device());
  const ProfileScope profile("l2_distance_backward",
                             {3.0 * static_cast<double>(a.bytes()), 2.0 * static_cast<double>(a.numel())});
  dispatch_floating(a.dtype(), "l2_distance", [&](auto zero) {
    using T = decltype(zero);
    const kernels::L2DistanceBackwardArgs<T> args{pixels_of(a),      a.dim(1),        a.data<T>(),
                                                  b.data<T>(),       dloss.data<T>(), static_cast<T>(sign),
                                                  gradient.data<T>()};
    switch (a.device()) {
      case Device::cpu: return kernels::cpu::l2_distance_backward(args);
      default: no_kernel("l2_distance", a.device());
    }
  });
  return gradient;
}

}  // namespace

Tensor l2_distance(const Tensor& a, const Tensor& b) {
  image_size(a, "l2_distance");
  require_same(a, b, "l2_distance");
  Tensor loss = Tensor::empty({}, a.dtype(), a.device());
  {
    const ProfileScope profile("l2_distance", work(a));
    dispatch_floating(a.dtype(), "l2_distance", [&](auto zero) {
      using T = decltype(zero);
      const kernels::L2DistanceArgs<T> args{pixels_of(a), a.dim(1), a.data<T>(), b.data<T>(), loss.data<T>()};
      switch (a.device()) {
        case Device::cpu: return kernels::cpu::l2_distance(args);
        default: no_kernel("l2_distance", a.device());
      }
    });
  }
  return record("l2_distance", loss, {a, b},
                [a = Saved(a), b = Saved(b)](const Tensor& dloss, InputGradients& inputs) {
                  if (inputs.wanted(0)) inputs.add(0, l2_distance_backward(a.get(), b.get(), dloss, 1));
                  if (inputs.wanted(1)) inputs.add(1, l2_distance_backward(a.get(), b.get(), dloss, -1));
                });
}

namespace {

Tensors reference(const Tensors& inputs, const Attributes&) {
  const int64_t pixels = pixels_of(inputs[0]), channels = inputs[0].dim(1);
  double sum = 0;
  for (int64_t i = 0; i < pixels; ++i) {
    double squares = 0;
    for (int64_t c = i * channels; c < (i + 1) * channels; ++c)
      squares += std::pow(inputs[0].data<double>()[c] - inputs[1].data<double>()[c], 2);
    sum += std::sqrt(squares);
  }
  return {Tensor::full({}, pixels > 0 ? sum / static_cast<double>(pixels) : 0, DType::float64)};
}

Sample sample(const Shape& shape) { return {{{shape}, {shape}}, {}}; }

const RegisterOp registered({
    .name = "l2_distance",
    .formula = "mean over pixels of ‖a - b‖₂ over channels",
    .run = [](const Tensors& inputs,
              const Attributes&) { return Tensors{l2_distance(inputs[0], inputs[1])}; },
    .reference = reference,
    .samples = {sample({2, 2, 9, 7}), sample({1, 19, 5, 6}), sample({1, 1, 1, 1}), sample({0, 3, 4, 4})},
    .benchmarks = {sample({2, 2, 512, 512})},
    .work = [](const Tensors& inputs, const Attributes&) { return work(inputs[0]); },
    .autocast = Autocast::keep_float32,
});

}  // namespace
}  // namespace masktwins

#include "tensor/ops/l2_distance.h"

#include <cmath>

#include "kernels/l2_distance.h"
#include "tensor/autocast.h"
#include "tensor/autograd.h"
#include "tensor/dispatch.h"
#include "tensor/op.h"

namespace masktwins {
namespace {

int64_t pixels_of(const Tensor& x) { return x.dim(0) * x.dim(2) * x.dim(3); }

Work work(const Tensor& a) {
  return {2.0 * static_cast<double>(a.bytes()), 3.0 * static_cast<double>(a.numel())};
}

template <class T>
const kernels::Wide<T>* weights_or_null(const Tensor& weights) {
  return weights.defined() ? weights.data<kernels::Wide<T>>() : nullptr;
}

Tensor l2_distance_backward(const Tensor& a, const Tensor& b, const Tensor& weights, const Tensor& dloss,
                            int sign) {
  Tensor gradient = Tensor::empty(a.shape(), a.dtype(), a.device());
  const ProfileScope profile("l2_distance_backward",
                             {3.0 * static_cast<double>(a.bytes()), 2.0 * static_cast<double>(a.numel())});
  dispatch(a, "l2_distance", [&](auto device, auto zero) {
    using T = decltype(zero);
    using W = kernels::Wide<T>;
    const kernels::L2DistanceBackwardArgs<T> args{.pixels = pixels_of(a),
                                                  .channels = a.dim(1),
                                                  .a = a.data<T>(),
                                                  .b = b.data<T>(),
                                                  .weight = weights_or_null<T>(weights),
                                                  .dloss = dloss.data<W>(),
                                                  .sign = static_cast<W>(sign),
                                                  .gradient = gradient.data<T>()};
    if constexpr (device == Device::cpu) kernels::cpu::l2_distance_backward(args);
    else kernels::cuda::l2_distance_backward(args);
  });
  return gradient;
}

}  // namespace

Tensor l2_distance(const Tensor& a, const Tensor& b, const Tensor& weights) {
  if (autocasts("l2_distance", {a, b, weights}))
    return l2_distance(autocast("l2_distance", a), autocast("l2_distance", b),
                       autocast("l2_distance", weights));
  const ImageSize size = image_size(a, "l2_distance");
  require_same(a, b, "l2_distance");
  if (weights.defined()) {
    require(weights.shape() == Shape{size.batch, size.height, size.width}, "l2_distance: a and b ", a.shape(),
            " need one weight per pixel, got ", weights.shape());
    require(weights.dtype() == wide(a.dtype()), "l2_distance: weights of ", a.dtype(), " are ",
            wide(a.dtype()), ", got ", weights.dtype());
  }
  Tensor loss = Tensor::empty({}, wide(a.dtype()), a.device());
  {
    const ProfileScope profile("l2_distance", work(a));
    dispatch(a, "l2_distance", [&](auto device, auto zero) {
      using T = decltype(zero);
      const kernels::L2DistanceArgs<T> args{.pixels = pixels_of(a),
                                            .channels = size.channels,
                                            .a = a.data<T>(),
                                            .b = b.data<T>(),
                                            .weight = weights_or_null<T>(weights),
                                            .loss = loss.data<kernels::Wide<T>>()};
      if constexpr (device == Device::cpu) kernels::cpu::l2_distance(args);
      else kernels::cuda::l2_distance(args);
    });
  }
  return record("l2_distance", loss, {a, b},
                [a = Saved(a), b = Saved(b), weights](const Tensor& dloss, InputGradients& inputs) {
                  for (const int input : {0, 1})
                    if (inputs.wanted(static_cast<std::size_t>(input)))
                      inputs.add(static_cast<std::size_t>(input),
                                 l2_distance_backward(a.get(), b.get(), weights, dloss, input == 0 ? 1 : -1));
                });
}

namespace {

// Inputs: a and b, perhaps weights.
Tensors run(const Tensors& inputs, const Attributes&) {
  const Tensor weights = inputs.size() > 2 ? inputs[2].to(wide(inputs[0].dtype())) : Tensor();
  return {l2_distance(inputs[0], inputs[1], weights)};
}

Tensors reference(const Tensors& inputs, const Attributes&) {
  const int64_t pixels = pixels_of(inputs[0]), channels = inputs[0].dim(1);
  double sum = 0, total = 0;
  for (int64_t i = 0; i < pixels; ++i) {
    double squares = 0;
    for (int64_t c = i * channels; c < (i + 1) * channels; ++c)
      squares += std::pow(inputs[0].data<double>()[c] - inputs[1].data<double>()[c], 2);
    const double weight = inputs.size() > 2 ? inputs[2].data<double>()[i] : 1;
    sum += weight * std::sqrt(squares);
    total += weight;
  }
  return {Tensor::full({}, total > 0 ? sum / total : 0, DType::float64)};
}

Sample sample(const Shape& shape) { return {{{shape}, {shape}}, {}}; }

// Weights below 1 are integers and so 0: `high` = 1 masks everything.
Sample masked(const Shape& shape, double high) {
  Sample with_weights = sample(shape);
  with_weights.arguments.push_back({.shape = {shape[0], shape[2], shape[3]},
                                    .fill = Fill::integers,
                                    .low = 0,
                                    .high = high,
                                    .differentiable = false});
  return with_weights;
}

const RegisterOp registered({
    .name = "l2_distance",
    .formula = "mean over pixels, weighted with w, of ‖a - b‖₂ over channels",
    .run = run,
    .reference = reference,
    .samples = {sample({2, 2, 9, 7}), sample({1, 19, 5, 6}), sample({1, 1, 1, 1}), sample({0, 3, 4, 4}),
                masked({2, 40, 4, 5}, 3), masked({1, 3, 6, 5}, 2), masked({1, 2, 3, 3}, 1)},
    .benchmarks = {sample({2, 2, 512, 512})},
    .work = [](const Tensors& inputs, const Attributes&) { return work(inputs[0]); },
    .autocast = Autocast::keep_float32,
});

}  // namespace
}  // namespace masktwins

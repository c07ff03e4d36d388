#include "tensor/ops/record_loss.h"

#include <cmath>

#include "kernels/record_loss.h"
#include "tensor/dispatch.h"
#include "tensor/op.h"

namespace masktwins {

void record_loss(const Tensor& loss, Tensor sums, Tensor failure, int64_t slot, int64_t step) {
  require(loss.numel() == 1 && loss.dtype() == sums.dtype() && loss.device() == sums.device(),
          "record_loss: loss ", loss.shape(), " ", loss.dtype(), " for sums of ", sums.dtype());
  require(failure.dtype() == DType::int32 && failure.numel() == 2, "record_loss: failure is int32 {2}");
  require(slot >= 0 && slot < sums.numel(), "record_loss: slot ", slot, " of ", sums.numel());
  const ProfileScope profile("record_loss", {3.0 * static_cast<double>(loss.bytes()), 1});
  dispatch(loss, "record_loss", [&](auto device, auto zero) {
    using T = decltype(zero);
    const kernels::RecordLossArgs<T> args{static_cast<int32_t>(slot), static_cast<int32_t>(step),
                                          loss.data<T>(), sums.data<T>(), failure.data<int32_t>()};
    if constexpr (device == Device::cpu) kernels::cpu::record_loss(args);
    else if constexpr (std::is_same_v<T, float>) kernels::cuda::record_loss(args);
    else fail("record_loss: losses are float32 on cuda, not ", loss.dtype());
  });
}

namespace {

// Inputs: loss (NaN in its place unless `finite`), sums, failure. Sums with a NaN are not compared.
Tensors run(const Tensors& inputs, const Attributes& a) {
  const Tensor sums = inputs[1].clone(), failure = inputs[2].clone();
  Tensor loss = inputs[0].clone();
  if (attribute(a, "finite") == 0) loss.fill(NAN);
  record_loss(loss, sums, failure, attribute(a, "slot"), attribute(a, "step"));
  if (attribute(a, "finite") == 0) return {failure};
  return {sums, failure};
}

Tensors reference(const Tensors& inputs, const Attributes& a) {
  Tensor sums = inputs[1].clone(), failure = inputs[2].clone();
  const int64_t slot = attribute(a, "slot");
  sums.data<double>()[slot] += inputs[0].data<double>()[0];
  if (attribute(a, "finite") != 0) return {sums, failure};
  if (failure.data<int32_t>()[0] == 0) {
    failure.data<int32_t>()[0] = static_cast<int32_t>(slot + 1);
    failure.data<int32_t>()[1] = static_cast<int32_t>(attribute(a, "step"));
  }
  return {failure};
}

Sample sample(bool finite, double slot, double failed) {
  const Argument failure{
      .shape = {2}, .fill = Fill::integers, .low = failed, .high = failed, .dtype = DType::int32};
  return {{{.shape = {}}, {.shape = {5}}, failure}, {{"finite", finite}, {"slot", slot}, {"step", 12}}};
}

const RegisterOp registered({
    .name = "record_loss",
    .formula = "sums[slot] += loss, failure = first loss that is not finite",
    .run = run,
    .reference = reference,
    .samples = {sample(true, 3, 0), sample(false, 3, 0), sample(false, 0, 2)},
    .benchmarks = {sample(true, 0, 0)},
    .work =
        [](const Tensors&, const Attributes&) {
          return Work{12, 1};
        },
    .has_gradient = false,
    .cuda_dtypes = {DType::float32},
    .autocast = Autocast::keep_float32,
});

}  // namespace
}  // namespace masktwins

#include "tensor/ops/cast.h"

#include "tensor/autograd.h"
#include "tensor/op.h"

namespace masktwins {
namespace {

Work work(const Tensor& x, DType dtype) {
  return {
      static_cast<double>(x.bytes()) + static_cast<double>(x.numel()) * static_cast<double>(size_of(dtype)),
      0};
}

}  // namespace

Tensor cast_to(const Tensor& x, const Tensor& copy) {
  require(x.shape() == copy.shape(), "cast: copy ", copy.shape(), " of a tensor ", x.shape());
  return record("cast", copy.detach(), {x}, [dtype = x.dtype()](const Tensor& dy, InputGradients& inputs) {
    const ProfileScope profile("cast_backward", work(dy, dtype));
    inputs.add(0, dy.to(dtype));
  });
}

Tensor cast(const Tensor& x, DType dtype) {
  require(is_floating(x.dtype()) && is_floating(dtype), "cast: converts between floating types, not ",
          x.dtype(), " to ", dtype);
  if (x.dtype() == dtype) return x;
  const ProfileScope profile("cast", work(x, dtype));
  return cast_to(x, x.to(dtype));
}

namespace {

// There and back again: through float32 and double on the CPU (from double to a plain copy, as finite
// differences would see the rounding), through float32 and bfloat16 on CUDA.
Tensors run(const Tensors& inputs, const Attributes&) {
  const Tensor& x = inputs[0];
  switch (x.dtype()) {
    case DType::float64: return {cast_to(x, x.clone())};
    case DType::float32: return {cast(cast(x, DType::float64), DType::float32)};
    case DType::bfloat16: return {cast(cast(x, DType::float32), DType::bfloat16)};
    default: return {cast(cast(x, DType::bfloat16), x.dtype())};
  }
}

Sample sample(const Shape& shape) { return {{{shape}}, {}}; }

const RegisterOp registered({
    .name = "cast",
    .formula = "y = x rounded to another dtype",
    .run = run,
    .reference = [](const Tensors& inputs, const Attributes&) { return Tensors{inputs[0].clone()}; },
    .samples = {sample({2, 3, 5, 7}), sample({257}), sample({0, 3})},
    .benchmarks = {sample({2, 32, 256, 256})},
    .work = [](const Tensors& inputs, const Attributes&) { return work(inputs[0], DType::bfloat16); },
    .cuda_dtypes = {DType::bfloat16, DType::float16},
});

}  // namespace
}  // namespace masktwins

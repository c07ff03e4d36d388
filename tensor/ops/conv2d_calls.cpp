#include "tensor/ops/conv2d_calls.h"

#include "tensor/dispatch.h"

namespace masktwins {
namespace {

template <class T>
const T* data_or_null(const Tensor& x) {
  return x.defined() ? x.data<T>() : nullptr;
}

}  // namespace

Work conv2d_work(const kernels::Conv2dShape& s, DType dtype) {
  const double x = static_cast<double>(s.batch * s.height * s.width * s.in_channels);
  const double y = static_cast<double>(s.batch * s.out_height() * s.out_width() * s.out_channels);
  const double taps = static_cast<double>(s.taps());
  return {(x + y + taps * static_cast<double>(s.out_channels)) * static_cast<double>(size_of(dtype)),
          2 * y * taps};
}

Tensor call_conv2d(const kernels::Conv2dShape& shape, const Tensor& x, const Tensor& weight,
                   const Tensor& bias) {
  Tensor y = Tensor::empty({shape.batch, shape.out_channels, shape.out_height(), shape.out_width()},
                           x.dtype(), x.device());
  const ProfileScope profile("conv2d", conv2d_work(shape, x.dtype()));
  dispatch(x, "conv2d", [&](auto device, auto zero) {
    using T = decltype(zero);
    const kernels::Conv2dArgs<T> args{shape, x.data<T>(), weight.data<T>(), data_or_null<T>(bias),
                                      y.data<T>()};
    if constexpr (device == Device::cpu) kernels::cpu::conv2d(args);
    else kernels::cuda::conv2d(args);
  });
  return y;
}

Tensor call_conv2d_backward_data(const kernels::Conv2dShape& shape, const Tensor& dy, const Tensor& weight,
                                 const Tensor& bias) {
  Tensor dx =
      Tensor::empty({shape.batch, shape.in_channels, shape.height, shape.width}, dy.dtype(), dy.device());
  const ProfileScope profile("conv2d_backward_data", conv2d_work(shape, dy.dtype()));
  dispatch(dy, "conv2d_backward_data", [&](auto device, auto zero) {
    using T = decltype(zero);
    const kernels::Conv2dBackwardDataArgs<T> args{shape, dy.data<T>(), weight.data<T>(),
                                                  data_or_null<T>(bias), dx.data<T>()};
    if constexpr (device == Device::cpu) kernels::cpu::conv2d_backward_data(args);
    else kernels::cuda::conv2d_backward_data(args);
  });
  return dx;
}

Tensor call_conv2d_backward_weight(const kernels::Conv2dShape& shape, const Tensor& x, const Tensor& dy) {
  Tensor dweight =
      Tensor::empty({shape.out_channels, shape.in_channels, shape.kernel_height, shape.kernel_width},
                    x.dtype(), x.device());
  const ProfileScope profile("conv2d_backward_weight", conv2d_work(shape, x.dtype()));
  dispatch(x, "conv2d_backward_weight", [&](auto device, auto zero) {
    using T = decltype(zero);
    const kernels::Conv2dBackwardWeightArgs<T> args{shape, x.data<T>(), dy.data<T>(), dweight.data<T>()};
    if constexpr (device == Device::cpu) kernels::cpu::conv2d_backward_weight(args);
    else kernels::cuda::conv2d_backward_weight(args);
  });
  return dweight;
}

}  // namespace masktwins

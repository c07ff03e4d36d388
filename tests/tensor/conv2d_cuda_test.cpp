// The three convolution kernels on CUDA, called without their ops, against the CPU's in float64: by cuDNN,
// and by every version of our own.
#include <doctest/doctest.h>

#include "kernels/course/versions.h"
#include "kernels/vendor/libraries.h"
#include "tensor/op.h"
#include "tensor/ops/conv2d_calls.h"
#include "tests/compare.h"
#include "tests/cuda_device.h"

using namespace masktwins;
using namespace masktwins::tests;

namespace {

const std::vector<kernels::Conv2dShape> shapes = {
    {2, 8, 14, 7, 9, 3, 3, 1, 1, 1},    // a convolution of a U-Net
    {1, 16, 9, 9, 24, 3, 3, 1, 1, 1},   // whole vectors of 16-bit channels
    {1, 2, 9, 8, 3, 3, 3, 1, 2, 2},     // dilation
    {1, 3, 9, 9, 4, 7, 7, 4, 3, 1},     // overlapping strides
    {2, 5, 4, 6, 3, 2, 2, 2, 0, 1},     // kernel equal to stride
    {1, 70, 3, 5, 130, 1, 1, 1, 0, 1},  // pointwise, more channels than a tile
    {1, 1, 1, 1, 1, 1, 1, 1, 0, 1},
};

// Random and rounded to dtype, in float64.
Tensor random(const Shape& shape, DType dtype, uint32_t seed) {
  return make_inputs({{{shape}}, {}}, dtype, seed)[0].to(DType::float64);
}

// Relative to 1 + |value|: the rounding of a 16-bit result, or of some hundred sums in float.
double tolerance(DType dtype) {
  return dtype == DType::bfloat16 ? 8e-3 : dtype == DType::float16 ? 1e-3 : 2e-5;
}

struct Case {
  Tensor x, weight, dy, y_bias, x_bias;  // rounded to dtype, in float64

  Case(const kernels::Conv2dShape& s, DType dtype)
      : x(random({s.batch, s.in_channels, s.height, s.width}, dtype, 1)),
        weight(random({s.out_channels, s.in_channels, s.kernel_height, s.kernel_width}, dtype, 2)),
        dy(random({s.batch, s.out_channels, s.out_height(), s.out_width()}, dtype, 3)),
        y_bias(random({s.out_channels}, dtype, 4)),
        x_bias(random({s.in_channels}, dtype, 5)) {}
};

void check_convolutions(const kernels::Conv2dShape& s, DType dtype) {
  const auto on_cuda = [&](const Tensor& tensor) { return tensor.to(dtype).to(Device::cuda); };
  const auto [x, weight, dy, y_bias, x_bias] = Case(s, dtype);
  check_close(call_conv2d(s, on_cuda(x), on_cuda(weight), on_cuda(y_bias)), call_conv2d(s, x, weight, y_bias),
              tolerance(dtype), "y");
  check_close(call_conv2d(s, on_cuda(x), on_cuda(weight), {}), call_conv2d(s, x, weight, {}),
              tolerance(dtype), "y without bias");
  check_close(call_conv2d_backward_data(s, on_cuda(dy), on_cuda(weight), on_cuda(x_bias)),
              call_conv2d_backward_data(s, dy, weight, x_bias), tolerance(dtype), "dx");
  check_close(call_conv2d_backward_weight(s, on_cuda(x), on_cuda(dy)), call_conv2d_backward_weight(s, x, dy),
              tolerance(dtype), "dweight");
}

template <int version, class T>
void check_version(const kernels::Conv2dShape& s) {
  constexpr DType dtype = dtype_of<T>();
  const auto [x, weight, dy, y_bias, x_bias] = Case(s, dtype);
  const auto on_cuda = [&](const Tensor& tensor) { return tensor.to(dtype).to(Device::cuda); };
  const Tensor cuda_x = on_cuda(x), cuda_weight = on_cuda(weight), cuda_dy = on_cuda(dy),
               cuda_y_bias = on_cuda(y_bias), cuda_x_bias = on_cuda(x_bias);
  Tensor y = Tensor::empty(dy.shape(), dtype, Device::cuda),
         dx = Tensor::empty(x.shape(), dtype, Device::cuda),
         dweight = Tensor::empty(weight.shape(), dtype, Device::cuda);
  kernels::cuda::conv2d_version<version>(
      kernels::Conv2dArgs<T>{s, cuda_x.data<T>(), cuda_weight.data<T>(), cuda_y_bias.data<T>(), y.data<T>()});
  kernels::cuda::conv2d_backward_data_version<version>(kernels::Conv2dBackwardDataArgs<T>{
      s, cuda_dy.data<T>(), cuda_weight.data<T>(), cuda_x_bias.data<T>(), dx.data<T>()});
  kernels::cuda::conv2d_backward_weight_version<version>(
      kernels::Conv2dBackwardWeightArgs<T>{s, cuda_x.data<T>(), cuda_dy.data<T>(), dweight.data<T>()});
  check_close(y, call_conv2d(s, x, weight, y_bias), tolerance(dtype), "y");
  check_close(dx, call_conv2d_backward_data(s, dy, weight, x_bias), tolerance(dtype), "dx");
  check_close(dweight, call_conv2d_backward_weight(s, x, dy), tolerance(dtype), "dweight");
}

std::string text(const kernels::Conv2dShape& s) {
  return std::to_string(s.height) + " x " + std::to_string(s.width) + ", channels " +
         std::to_string(s.in_channels) + " to " + std::to_string(s.out_channels);
}

}  // namespace

TEST_CASE("convolutions on CUDA equal the CPU's, by libraries and by our own kernels") {
  const auto before = kernels::cuda::libraries();
  for (const auto libraries : {kernels::cuda::Libraries::vendor, kernels::cuda::Libraries::own})
    for (const kernels::Conv2dShape& shape : shapes)
      for (const DType dtype : {DType::float32, DType::bfloat16, DType::float16}) {
        kernels::cuda::libraries() = libraries;
        INFO(text(shape), ", ", name_of(dtype),
             libraries == kernels::cuda::Libraries::own ? ", our own" : ", cuDNN");
        const CudaDevice device;
        check_convolutions(shape, dtype);
      }
  kernels::cuda::libraries() = before;
}

TEST_CASE("the versions of the convolution that the engine does not use work, too") {
  for (const kernels::Conv2dShape& shape : shapes) {
    INFO(text(shape));
    const CudaDevice device;
    check_version<1, float>(shape);
    check_version<2, float>(shape);
    check_version<3, bfloat16>(shape);
  }
}

TEST_CASE("a weight gradient with splits repeats every bit") {
  const CudaDevice device;
  const auto before = kernels::cuda::libraries();
  kernels::cuda::libraries() = kernels::cuda::Libraries::own;
  const kernels::Conv2dShape shape{2, 8, 24, 24, 8, 3, 3, 1, 1, 1};
  const Case inputs(shape, DType::float32);
  const Tensor x = inputs.x.to(DType::float32).to(Device::cuda),
               dy = inputs.dy.to(DType::float32).to(Device::cuda);
  const auto compute = [&] {
    return call_conv2d_backward_weight(shape, x, dy).to(Device::cpu).to_values<float>();
  };
  CHECK(compute() == compute());
  check_close(call_conv2d_backward_weight(shape, x, dy),
              call_conv2d_backward_weight(shape, inputs.x, inputs.dy), tolerance(DType::float32), "dweight");
  kernels::cuda::libraries() = before;
}

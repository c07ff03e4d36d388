// The three convolution kernels on CUDA, called without their ops, against the CPU's in float64.
#include <doctest/doctest.h>

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

void check_convolutions(const kernels::Conv2dShape& s, DType dtype) {
  const auto on_cuda = [&](const Tensor& tensor) { return tensor.to(dtype).to(Device::cuda); };
  const Tensor x = random({s.batch, s.in_channels, s.height, s.width}, dtype, 1);
  const Tensor weight = random({s.out_channels, s.in_channels, s.kernel_height, s.kernel_width}, dtype, 2);
  const Tensor dy = random({s.batch, s.out_channels, s.out_height(), s.out_width()}, dtype, 3);
  const Tensor y_bias = random({s.out_channels}, dtype, 4), x_bias = random({s.in_channels}, dtype, 5);

  check_close(call_conv2d(s, on_cuda(x), on_cuda(weight), on_cuda(y_bias)), call_conv2d(s, x, weight, y_bias),
              tolerance(dtype), "y");
  check_close(call_conv2d(s, on_cuda(x), on_cuda(weight), {}), call_conv2d(s, x, weight, {}),
              tolerance(dtype), "y without bias");
  check_close(call_conv2d_backward_data(s, on_cuda(dy), on_cuda(weight), on_cuda(x_bias)),
              call_conv2d_backward_data(s, dy, weight, x_bias), tolerance(dtype), "dx");
  check_close(call_conv2d_backward_weight(s, on_cuda(x), on_cuda(dy)), call_conv2d_backward_weight(s, x, dy),
              tolerance(dtype), "dweight");
}

}  // namespace

TEST_CASE("convolutions on CUDA equal the CPU's") {
  for (const kernels::Conv2dShape& shape : shapes)
    for (const DType dtype : {DType::float32, DType::bfloat16, DType::float16}) {
      INFO("image ", shape.height, " x ", shape.width, ", channels ", shape.in_channels, " to ",
           shape.out_channels, ", ", name_of(dtype));
      const CudaDevice device;
      check_convolutions(shape, dtype);
    }
}

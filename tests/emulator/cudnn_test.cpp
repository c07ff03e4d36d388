// The stand-in for cuDNN: what it refuses, and what it computes.
#include <cudnn.h>
#include <doctest/doctest.h>

#include "kernels/emulator/instructions/half_numbers.h"
#include "tests/emulator/device_array.h"
#include "tests/emulator/emulated.h"

using namespace masktwins::tests;
using masktwins::emulator::Brain;
using masktwins::emulator::FindingKind;

namespace {

constexpr auto precomputed = CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM;

// Descriptors of a convolution of 4 to 6 channels with 3 x 3 filters on an image of 5 x 7.
struct Setup {
  cudnnHandle_t handle;
  cudnnTensorDescriptor_t x, y;
  cudnnFilterDescriptor_t weight;
  cudnnConvolutionDescriptor_t convolution;

  Setup(cudnnDataType_t type = CUDNN_DATA_FLOAT) {
    REQUIRE(cudnnCreate(&handle) == CUDNN_STATUS_SUCCESS);
    REQUIRE(cudnnCreateTensorDescriptor(&x) == CUDNN_STATUS_SUCCESS);
    REQUIRE(cudnnCreateTensorDescriptor(&y) == CUDNN_STATUS_SUCCESS);
    REQUIRE(cudnnCreateFilterDescriptor(&weight) == CUDNN_STATUS_SUCCESS);
    REQUIRE(cudnnCreateConvolutionDescriptor(&convolution) == CUDNN_STATUS_SUCCESS);
    REQUIRE(cudnnSetTensor4dDescriptor(x, CUDNN_TENSOR_NHWC, type, 2, 4, 5, 7) == CUDNN_STATUS_SUCCESS);
    REQUIRE(cudnnSetTensor4dDescriptor(y, CUDNN_TENSOR_NHWC, type, 2, 6, 5, 7) == CUDNN_STATUS_SUCCESS);
    REQUIRE(cudnnSetFilter4dDescriptor(weight, type, CUDNN_TENSOR_NHWC, 6, 4, 3, 3) == CUDNN_STATUS_SUCCESS);
    REQUIRE(set_convolution() == CUDNN_STATUS_SUCCESS);
    REQUIRE(cudnnSetConvolutionMathType(convolution, CUDNN_FMA_MATH) == CUDNN_STATUS_SUCCESS);
  }
  ~Setup() {
    cudnnDestroyTensorDescriptor(x);
    cudnnDestroyTensorDescriptor(y);
    cudnnDestroyFilterDescriptor(weight);
    cudnnDestroyConvolutionDescriptor(convolution);
    cudnnDestroy(handle);
  }
  cudnnStatus_t set_convolution(int padding = 1, int stride = 1, int dilation = 1,
                                cudnnConvolutionMode_t mode = CUDNN_CROSS_CORRELATION,
                                cudnnDataType_t compute = CUDNN_DATA_FLOAT) {
    return cudnnSetConvolution2dDescriptor(convolution, padding, padding, stride, stride, dilation, dilation,
                                           mode, compute);
  }
  cudnnStatus_t size(cudnnConvolutionFwdAlgo_t algorithm = precomputed) {
    return cudnnGetConvolutionForwardWorkspaceSize(handle, x, weight, convolution, y, algorithm, &bytes);
  }
  size_t bytes = 0;
};

std::string why() {
  char text[256];
  cudnnGetLastErrorString(text, sizeof text);
  return text;
}

// Status and reason both have to fit.
void check_refused(cudnnStatus_t actual, cudnnStatus_t expected, const std::string& reason) {
  CHECK(actual == expected);
  INFO(why());
  CHECK(why().find(reason) != std::string::npos);
}

constexpr cudnnStatus_t bad = CUDNN_STATUS_BAD_PARAM, unsupported = CUDNN_STATUS_NOT_SUPPORTED;

// Small integers: sums are exact in any order.
std::vector<float> integers(std::size_t count, int step) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<float>(static_cast<int>(i) * step % 11 - 5);
  return values;
}

}  // namespace

TEST_CASE("cuDNN stand-in refuses wrong tensor and filter descriptors") {
  const EmulatedDevice device;
  Setup s;
  check_refused(cudnnSetTensor4dDescriptor(nullptr, CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT, 1, 1, 1, 1), bad,
                "null");
  check_refused(cudnnSetTensor4dDescriptor(s.x, CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT, 0, 1, 1, 1), bad,
                "positive");
  check_refused(cudnnSetTensor4dDescriptor(s.x, CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT, 1, 1 << 16, 1 << 15, 1),
                unsupported, "2^31");
  check_refused(
      cudnnSetTensor4dDescriptor(s.x, static_cast<cudnnTensorFormat_t>(3), CUDNN_DATA_FLOAT, 1, 1, 1, 1), bad,
      "format");
  check_refused(cudnnSetTensor4dDescriptor(s.x, CUDNN_TENSOR_NCHW, CUDNN_DATA_FLOAT, 1, 1, 1, 1), unsupported,
                "NHWC");
  check_refused(cudnnSetTensor4dDescriptor(s.x, CUDNN_TENSOR_NHWC, CUDNN_DATA_INT8, 1, 1, 1, 1), unsupported,
                "float");
  check_refused(cudnnSetFilter4dDescriptor(s.weight, CUDNN_DATA_FLOAT, CUDNN_TENSOR_NHWC, 1, -1, 1, 1), bad,
                "positive");
  check_refused(cudnnSetFilter4dDescriptor(s.weight, CUDNN_DATA_FLOAT, CUDNN_TENSOR_NCHW, 1, 1, 1, 1),
                unsupported, "NHWC");
  cudnnTensorDescriptor_t destroyed;
  cudnnCreateTensorDescriptor(&destroyed);
  cudnnDestroyTensorDescriptor(destroyed);
  check_refused(cudnnDestroyTensorDescriptor(destroyed), bad, "destroyed");
  check_refused(cudnnCreateTensorDescriptor(nullptr), bad, "no place");
}

TEST_CASE("cuDNN stand-in refuses wrong convolution descriptors and handles") {
  const EmulatedDevice device;
  Setup s;
  check_refused(s.set_convolution(-1), bad, "padding");
  check_refused(s.set_convolution(1, 0), bad, "strides");
  check_refused(s.set_convolution(1, 1, 0), bad, "dilations");
  check_refused(s.set_convolution(1, 1, 1, CUDNN_CONVOLUTION), unsupported, "CROSS_CORRELATION");
  check_refused(cudnnSetConvolutionGroupCount(s.convolution, 0), bad, "group");
  check_refused(cudnnSetStream(s.handle, reinterpret_cast<cudaStream_t>(&s)), bad, "stream");
  check_refused(cudnnSetStream(nullptr, nullptr), bad, "null");
}

TEST_CASE("cuDNN stand-in refuses descriptors that do not fit together") {
  const EmulatedDevice device;
  Setup s;
  CHECK(s.size() == CUDNN_STATUS_SUCCESS);
  CHECK(s.bytes > 0);
  check_refused(cudnnGetConvolutionForwardWorkspaceSize(s.handle, s.x, s.weight, s.convolution, s.y,
                                                        precomputed, nullptr),
                bad, "no place");
  check_refused(s.size(CUDNN_CONVOLUTION_FWD_ALGO_WINOGRAD), unsupported, "channels-last");
  check_refused(s.size(CUDNN_CONVOLUTION_FWD_ALGO_COUNT), bad, "algorithm");
  check_refused(cudnnGetConvolutionBackwardDataWorkspaceSize(s.handle, s.weight, s.y, s.convolution, s.x,
                                                             CUDNN_CONVOLUTION_BWD_DATA_ALGO_FFT, &s.bytes),
                unsupported, "channels-last");
  check_refused(cudnnGetConvolutionBackwardFilterWorkspaceSize(s.handle, s.x, s.y, s.convolution, s.weight,
                                                               CUDNN_CONVOLUTION_BWD_FILTER_ALGO_3, &s.bytes),
                unsupported, "channels-last");
  cudnnTensorDescriptor_t unset;
  cudnnCreateTensorDescriptor(&unset);
  check_refused(cudnnGetConvolutionForwardWorkspaceSize(s.handle, unset, s.weight, s.convolution, s.y,
                                                        precomputed, &s.bytes),
                bad, "not set");
  cudnnDestroyTensorDescriptor(unset);

  s.set_convolution(0);
  check_refused(s.size(), bad, "y must be 2 x 6 x 3 x 5");
  s.set_convolution(0, 1, 4);
  check_refused(s.size(), bad, "larger than the padded image");
  s.set_convolution(2, 1, 2);
  check_refused(s.size(), unsupported, "dilation 1 only");
  CHECK(s.size(CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM) == CUDNN_STATUS_SUCCESS);
  s.set_convolution(1, 1, 1, CUDNN_CROSS_CORRELATION, CUDNN_DATA_HALF);
  check_refused(s.size(), unsupported, "compute in float");
  s.set_convolution();
  cudnnSetConvolutionGroupCount(s.convolution, 4);
  check_refused(s.size(), bad, "x has 4 channels");
  cudnnSetFilter4dDescriptor(s.weight, CUDNN_DATA_FLOAT, CUDNN_TENSOR_NHWC, 6, 1, 3, 3);
  check_refused(s.size(), bad, "6 output channels in 4 groups");
  cudnnSetFilter4dDescriptor(s.weight, CUDNN_DATA_HALF, CUDNN_TENSOR_NHWC, 6, 4, 3, 3);
  check_refused(s.size(), bad, "data types");
}

TEST_CASE("cuDNN stand-in refuses wrong memory") {
  const EmulatedDevice device;
  Setup s;
  REQUIRE(s.size() == CUDNN_STATUS_SUCCESS);
  const DeviceArray<float> x(2 * 4 * 35 + 4), weight(6 * 4 * 9), y(2 * 6 * 35), workspace(s.bytes / 4);
  const float one = 1, zero = 0;
  const auto forward = [&](const void* in, void* space, size_t bytes, const void* alpha, void* out) {
    return cudnnConvolutionForward(s.handle, alpha, s.x, in, s.weight, weight.data(), s.convolution,
                                   precomputed, space, bytes, &zero, s.y, out);
  };
  CHECK(forward(x.data(), workspace.data(), s.bytes, &one, y.data()) == CUDNN_STATUS_SUCCESS);
  check_refused(forward(x.data(), workspace.data(), s.bytes - 1, &one, y.data()), bad, "workspace");
  check_refused(forward(x.data(), nullptr, s.bytes, &one, y.data()), bad, "workspace is null");
  check_refused(forward(x.data(), workspace.data(), s.bytes, nullptr, y.data()), bad, "alpha");
  check_refused(forward(nullptr, workspace.data(), s.bytes, &one, y.data()), bad, "x is null");
  check_refused(forward(x.data() + 1, workspace.data(), s.bytes, &one, y.data()), unsupported, "16 bytes");
  cudaDeviceSynchronize();
  CHECK(kinds_found().empty());
  alignas(16) float on_host[2 * 4 * 35] = {};
  check_refused(forward(on_host, workspace.data(), s.bytes, &one, y.data()), CUDNN_STATUS_EXECUTION_FAILED,
                "device memory");
  CHECK(kinds_found() == std::vector{FindingKind::pointer_confusion});
  check_refused(forward(x.data(), workspace.data(), s.bytes, &one, y.data() + 4),
                CUDNN_STATUS_EXECUTION_FAILED, "device memory");
  CHECK(kinds_found() == std::vector{FindingKind::out_of_bounds});
}

TEST_CASE("cuDNN stand-in: the three passes agree with a definition by groups") {
  const EmulatedDevice device;
  Setup s;
  cudnnSetConvolutionGroupCount(s.convolution, 2);
  cudnnSetFilter4dDescriptor(s.weight, CUDNN_DATA_FLOAT, CUDNN_TENSOR_NHWC, 6, 2, 3, 3);
  const std::vector<float> x = integers(2 * 35 * 4, 3), weight = integers(6 * 9 * 2, 7),
                           dy = integers(2 * 35 * 6, 5);
  std::vector<float> y(dy.size()), dx(x.size()), dweight(weight.size());
  for (std::size_t n = 0; n < 2; ++n)
    for (int i = 0; i < 5; ++i)
      for (int j = 0; j < 7; ++j)
        for (std::size_t o = 0; o < 6; ++o)
          for (std::size_t c = 0; c < 2; ++c)
            for (int u = 0; u < 3; ++u)
              for (int v = 0; v < 3; ++v) {
                const int row = i + u - 1, column = j + v - 1;
                if (row < 0 || row >= 5 || column < 0 || column >= 7) continue;
                const std::size_t at_x =
                    ((n * 5 + std::size_t(row)) * 7 + std::size_t(column)) * 4 + o / 3 * 2 + c;
                const std::size_t at_y = ((n * 5 + std::size_t(i)) * 7 + std::size_t(j)) * 6 + o;
                const std::size_t at_weight = ((o * 3 + std::size_t(u)) * 3 + std::size_t(v)) * 2 + c;
                y[at_y] += x[at_x] * weight[at_weight];
                dx[at_x] += dy[at_y] * weight[at_weight];
                dweight[at_weight] += dy[at_y] * x[at_x];
              }
  const DeviceArray<float> x_device(x), weight_device(weight), dy_device(dy), y_device(y.size()),
      dx_device(integers(x.size(), 1)), dweight_device(weight.size()), workspace(4096);
  const float one = 1, two = 2, zero = 0;
  CHECK(cudnnConvolutionForward(s.handle, &one, s.x, x_device.data(), s.weight, weight_device.data(),
                                s.convolution, precomputed, workspace.data(), 4096, &zero, s.y,
                                y_device.data()) == CUDNN_STATUS_SUCCESS);
  CHECK(cudnnConvolutionBackwardData(s.handle, &two, s.weight, weight_device.data(), s.y, dy_device.data(),
                                     s.convolution, CUDNN_CONVOLUTION_BWD_DATA_ALGO_1, workspace.data(), 4096,
                                     &one, s.x, dx_device.data()) == CUDNN_STATUS_SUCCESS);
  CHECK(cudnnConvolutionBackwardFilter(s.handle, &one, s.x, x_device.data(), s.y, dy_device.data(),
                                       s.convolution, CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1, workspace.data(),
                                       4096, &zero, s.weight, dweight_device.data()) == CUDNN_STATUS_SUCCESS);
  const std::vector<float> before = integers(x.size(), 1);
  for (std::size_t i = 0; i < dx.size(); ++i) dx[i] = 2 * dx[i] + before[i];
  CHECK(y_device.values() == y);
  CHECK(dx_device.values() == dx);
  CHECK(dweight_device.values() == dweight);
}

TEST_CASE("cuDNN stand-in rounds factors to TF32 unless told not to, and waits for its stream") {
  const EmulatedDevice device;
  cudaStream_t stream;
  REQUIRE(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking) == cudaSuccess);
  Setup s;
  REQUIRE(cudnnSetStream(s.handle, stream) == CUDNN_STATUS_SUCCESS);
  cudnnSetTensor4dDescriptor(s.x, CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT, 1, 1, 1, 1);
  cudnnSetTensor4dDescriptor(s.y, CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT, 1, 1, 1, 1);
  cudnnSetFilter4dDescriptor(s.weight, CUDNN_DATA_FLOAT, CUDNN_TENSOR_NHWC, 1, 1, 1, 1);
  s.set_convolution(0);
  const float fine = 1 + 0x1p-15f, one = 1, zero = 0;
  const DeviceArray<float> x(std::vector{fine}), weight(std::vector{1.0f});
  void* pinned = nullptr;  // seen by both sides
  REQUIRE(cudaMallocHost(&pinned, 16) == cudaSuccess);
  float* y = static_cast<float*>(pinned);
  *y = 7;
  const auto compute = [&](cudnnMathType_t math) {
    cudnnSetConvolutionMathType(s.convolution, math);
    REQUIRE(cudnnConvolutionForward(s.handle, &one, s.x, x.data(), s.weight, weight.data(), s.convolution,
                                    CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM, nullptr, 0, &zero, s.y,
                                    y) == CUDNN_STATUS_SUCCESS);
  };
  compute(CUDNN_FMA_MATH);
  CHECK(*y == 7);  // still queued
  cudaStreamSynchronize(stream);
  CHECK(*y == fine);
  compute(CUDNN_DEFAULT_MATH);
  cudaStreamSynchronize(stream);
  CHECK(*y == 1);
  cudaFreeHost(y);
  cudaStreamDestroy(stream);
}

TEST_CASE("cuDNN stand-in computes bfloat16 in float and rounds once") {
  const EmulatedDevice device;
  Setup s(CUDNN_DATA_BFLOAT16);
  cudnnSetConvolutionMathType(s.convolution, CUDNN_TENSOR_OP_MATH);
  std::vector<uint16_t> x(2 * 4 * 35, Brain::from(1).bits), weight(6 * 4 * 9, Brain::from(1).bits);
  weight[0] = Brain::from(0x1p-7).bits;
  const DeviceArray<uint16_t> x_device(x), weight_device(weight), y_device(2 * 6 * 35);
  const float one = 1, zero = 0;
  REQUIRE(cudnnConvolutionForward(s.handle, &one, s.x, x_device.data(), s.weight, weight_device.data(),
                                  s.convolution, CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM, nullptr, 0, &zero,
                                  s.y, y_device.data()) == CUDNN_STATUS_SUCCESS);
  cudaDeviceSynchronize();
  const std::size_t inner = (1 * 7 + 1) * 6;  // no tap outside the image
  CHECK(widen(Brain{y_device.values()[inner]}) == 35);
  CHECK(widen(Brain{y_device.values()[inner + 1]}) == 36);
}

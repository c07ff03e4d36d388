// Convolutions of cuDNN: what the API reference demands of their arguments, then plain loops, queued on the
// handle's stream.
#include <algorithm>
#include <cmath>

#include "kernels/emulator/cudnn/descriptors.h"
#include "kernels/emulator/cudnn/plain_convolution.h"
#include "kernels/emulator/runtime/numbers.h"

using namespace masktwins::emulator;

namespace {

int64_t output_size(int64_t size, int64_t padding, int64_t filter, int64_t stride, int64_t dilation) {
  return (size + 2 * padding - ((filter - 1) * dilation + 1)) / stride + 1;
}

// The descriptors of one call, found to describe one convolution.
PlainConvolution checked(cudnnTensorDescriptor_t x_handle, cudnnFilterDescriptor_t weight_handle,
                         cudnnConvolutionDescriptor_t convolution_handle, cudnnTensorDescriptor_t y_handle) {
  const PlainConvolution p{described(x_handle, "xDesc"), described(y_handle, "yDesc"),
                           described(weight_handle, "wDesc"), described(convolution_handle, "convDesc")};
  const auto& [x, y, weight, convolution] = p;
  if (x.type != weight.type || x.type != y.type)
    refuse(CUDNN_STATUS_BAD_PARAM, "x, w and y differ in their data types");
  if (x.channels != weight.inputs * convolution.groups)
    refuse(CUDNN_STATUS_BAD_PARAM, "x has ", x.channels, " channels, w expects ", weight.inputs,
           " in each of ", convolution.groups, " groups");
  if (weight.outputs % convolution.groups != 0)
    refuse(CUDNN_STATUS_BAD_PARAM, weight.outputs, " output channels in ", convolution.groups, " groups");
  if (x.height + 2 * convolution.padding_height < (weight.height - 1) * convolution.dilation_height + 1 ||
      x.width + 2 * convolution.padding_width < (weight.width - 1) * convolution.dilation_width + 1)
    refuse(CUDNN_STATUS_BAD_PARAM, "the filter is larger than the padded image");
  const int64_t height = output_size(x.height, convolution.padding_height, weight.height,
                                     convolution.stride_height, convolution.dilation_height);
  const int64_t width = output_size(x.width, convolution.padding_width, weight.width,
                                    convolution.stride_width, convolution.dilation_width);
  if (y.batch != x.batch || y.channels != weight.outputs || y.height != height || y.width != width)
    refuse(CUDNN_STATUS_BAD_PARAM, "y must be ", x.batch, " x ", weight.outputs, " x ", height, " x ", width);
  // FLOAT_CONFIG, PSEUDO_HALF_CONFIG and PSEUDO_BFLOAT16_CONFIG: the ones that channels-last filters have.
  if (convolution.compute_type != CUDNN_DATA_FLOAT)
    refuse(CUDNN_STATUS_NOT_SUPPORTED, "channels-last convolutions compute in float");
  return p;
}

// Bytes of workspace of an algorithm; refuses the ones that do not take channels-last filters.
int64_t workspace_of(const PlainConvolution& p, cudnnConvolutionFwdAlgo_t algorithm) {
  switch (algorithm) {
    case CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM: return 0;
    case CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM:
      if (p.convolution.dilation_height > 1 || p.convolution.dilation_width > 1)
        refuse(CUDNN_STATUS_NOT_SUPPORTED, "IMPLICIT_PRECOMP_GEMM takes dilation 1 only");
      return 64 * p.weight.height * p.weight.width;
    default: break;
  }
  if (algorithm < 0 || algorithm >= CUDNN_CONVOLUTION_FWD_ALGO_COUNT)
    refuse(CUDNN_STATUS_BAD_PARAM, "unknown algorithm ", static_cast<int>(algorithm));
  refuse(CUDNN_STATUS_NOT_SUPPORTED, "this algorithm takes no channels-last filters");
}
int64_t workspace_of(const PlainConvolution& p, cudnnConvolutionBwdDataAlgo_t algorithm) {
  switch (algorithm) {
    case CUDNN_CONVOLUTION_BWD_DATA_ALGO_0: return 0;
    case CUDNN_CONVOLUTION_BWD_DATA_ALGO_1: return bytes_of(p.weight);
    default: break;
  }
  if (algorithm < 0 || algorithm >= CUDNN_CONVOLUTION_BWD_DATA_ALGO_COUNT)
    refuse(CUDNN_STATUS_BAD_PARAM, "unknown algorithm ", static_cast<int>(algorithm));
  refuse(CUDNN_STATUS_NOT_SUPPORTED, "this algorithm takes no channels-last filters");
}
int64_t workspace_of(const PlainConvolution& p, cudnnConvolutionBwdFilterAlgo_t algorithm) {
  switch (algorithm) {
    case CUDNN_CONVOLUTION_BWD_FILTER_ALGO_0: return 0;
    case CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1: return bytes_of(p.weight);
    default: break;
  }
  if (algorithm < 0 || algorithm >= CUDNN_CONVOLUTION_BWD_FILTER_ALGO_COUNT)
    refuse(CUDNN_STATUS_BAD_PARAM, "unknown algorithm ", static_cast<int>(algorithm));
  refuse(CUDNN_STATUS_NOT_SUPPORTED, "this algorithm takes no channels-last filters");
}

// One operand of a call: its device memory, as numbers.
struct Array {
  std::byte* bytes;
  cudnnDataType_t type;
  int64_t count;

  std::vector<float> values(bool tf32) const {
    std::vector<float> numbers = read_numbers(bytes, number_type(type), count);
    if (tf32)
      for (float& number : numbers) number = to_tf32(number, Rounding::nearest_even);
    return numbers;
  }
  static NumberType number_type(cudnnDataType_t type) {
    return type == CUDNN_DATA_FLOAT  ? NumberType::float32
           : type == CUDNN_DATA_HALF ? NumberType::float16
                                     : NumberType::bfloat16;
  }
};

template <class Descriptor>
Array array(const char* call, const Descriptor& descriptor, const void* pointer, const char* name) {
  if (pointer == nullptr) refuse(CUDNN_STATUS_BAD_PARAM, name, " is null");
  // Tensor cores and vector loads move 16 bytes at once.
  if (reinterpret_cast<uint64_t>(pointer) % 16 != 0)
    refuse(CUDNN_STATUS_NOT_SUPPORTED, name, " is not aligned to 16 bytes");
  const int64_t bytes = bytes_of(descriptor);
  std::byte* memory = device_bytes(call, pointer, bytes);
  if (memory == nullptr)
    refuse(CUDNN_STATUS_EXECUTION_FAILED, name, " is not ", bytes, " bytes of device memory");
  return {memory, descriptor.type, bytes / bytes_of(descriptor.type)};
}

struct Workspace {
  void* pointer;
  size_t bytes;
};
struct Scaling {
  const void *alpha, *beta;
};

// Checks what the three passes have in common and queues result = alpha * compute(a, b) + beta * result.
template <class Compute>
void queue(const char* call, const cudnnContext& context, const PlainConvolution& p, const Array& a,
           const Array& b, const Array& result, const Scaling& scaling, const Workspace& given,
           int64_t needed, Compute compute) {
  if (scaling.alpha == nullptr || scaling.beta == nullptr)
    refuse(CUDNN_STATUS_BAD_PARAM, "alpha or beta is null");
  if (static_cast<int64_t>(given.bytes) < needed)
    refuse(CUDNN_STATUS_BAD_PARAM, "a workspace of ", given.bytes, " bytes, ", needed, " are needed");
  std::byte* workspace = nullptr;
  if (needed > 0) {
    if (given.pointer == nullptr) refuse(CUDNN_STATUS_BAD_PARAM, "the workspace is null");
    workspace = device_bytes(call, given.pointer, needed);
    if (workspace == nullptr)
      refuse(CUDNN_STATUS_EXECUTION_FAILED, "the workspace is not ", needed, " bytes of device memory");
  }
  const float alpha = *static_cast<const float*>(scaling.alpha),
              beta = *static_cast<const float*>(scaling.beta);
  // On tensor cores, which the default allows, factors keep 10 bits of their fraction.
  const bool tf32 = a.type == CUDNN_DATA_FLOAT && p.convolution.math != CUDNN_FMA_MATH;
  const cudaError_t queued = queue_work(call, context.stream, [=] {
    std::fill_n(workspace, needed, std::byte{0xff});  // it is the call's to overwrite
    std::vector<float> values = compute(p, a.values(tf32), b.values(tf32));
    if (beta != 0) {
      const std::vector<float> before = result.values(false);
      for (std::size_t i = 0; i < values.size(); ++i) values[i] = alpha * values[i] + beta * before[i];
    } else {
      for (float& value : values) value *= alpha;
    }
    write_numbers(result.bytes, Array::number_type(result.type), values);
  });
  if (queued != cudaSuccess)
    refuse(CUDNN_STATUS_EXECUTION_FAILED, "the stream refused it: ", cudaGetErrorString(queued));
}

template <class Algorithm>
cudnnStatus_t workspace_size(cudnnHandle_t handle, cudnnTensorDescriptor_t x, cudnnFilterDescriptor_t weight,
                             cudnnConvolutionDescriptor_t convolution, cudnnTensorDescriptor_t y,
                             Algorithm algorithm, size_t* bytes) {
  return cudnn_call([&] {
    live(handle, "the handle");
    if (bytes == nullptr) refuse(CUDNN_STATUS_BAD_PARAM, "no place for the size");
    *bytes = static_cast<size_t>(workspace_of(checked(x, weight, convolution, y), algorithm));
  });
}

}  // namespace

cudnnStatus_t cudnnGetConvolutionForwardWorkspaceSize(cudnnHandle_t handle, cudnnTensorDescriptor_t x,
                                                      cudnnFilterDescriptor_t weight,
                                                      cudnnConvolutionDescriptor_t convolution,
                                                      cudnnTensorDescriptor_t y,
                                                      cudnnConvolutionFwdAlgo_t algorithm, size_t* bytes) {
  return workspace_size(handle, x, weight, convolution, y, algorithm, bytes);
}
cudnnStatus_t cudnnGetConvolutionBackwardDataWorkspaceSize(
    cudnnHandle_t handle, cudnnFilterDescriptor_t weight, cudnnTensorDescriptor_t dy,
    cudnnConvolutionDescriptor_t convolution, cudnnTensorDescriptor_t dx,
    cudnnConvolutionBwdDataAlgo_t algorithm, size_t* bytes) {
  return workspace_size(handle, dx, weight, convolution, dy, algorithm, bytes);
}
cudnnStatus_t cudnnGetConvolutionBackwardFilterWorkspaceSize(cudnnHandle_t handle, cudnnTensorDescriptor_t x,
                                                             cudnnTensorDescriptor_t dy,
                                                             cudnnConvolutionDescriptor_t convolution,
                                                             cudnnFilterDescriptor_t dweight,
                                                             cudnnConvolutionBwdFilterAlgo_t algorithm,
                                                             size_t* bytes) {
  return workspace_size(handle, x, dweight, convolution, dy, algorithm, bytes);
}

cudnnStatus_t cudnnConvolutionForward(cudnnHandle_t handle, const void* alpha, cudnnTensorDescriptor_t x,
                                      const void* x_data, cudnnFilterDescriptor_t weight,
                                      const void* weight_data, cudnnConvolutionDescriptor_t convolution,
                                      cudnnConvolutionFwdAlgo_t algorithm, void* workspace, size_t bytes,
                                      const void* beta, cudnnTensorDescriptor_t y, void* y_data) {
  return cudnn_call([&] {
    constexpr const char* call = "cudnnConvolutionForward";
    const cudnnContext& context = live(handle, "the handle");
    const PlainConvolution p = checked(x, weight, convolution, y);
    queue(call, context, p, array(call, p.x, x_data, "x"), array(call, p.weight, weight_data, "w"),
          array(call, p.y, y_data, "y"), {alpha, beta}, {workspace, bytes}, workspace_of(p, algorithm),
          [](const PlainConvolution& c, const auto& a, const auto& b) { return c.forward(a, b); });
  });
}
cudnnStatus_t cudnnConvolutionBackwardData(cudnnHandle_t handle, const void* alpha,
                                           cudnnFilterDescriptor_t weight, const void* weight_data,
                                           cudnnTensorDescriptor_t dy, const void* dy_data,
                                           cudnnConvolutionDescriptor_t convolution,
                                           cudnnConvolutionBwdDataAlgo_t algorithm, void* workspace,
                                           size_t bytes, const void* beta, cudnnTensorDescriptor_t dx,
                                           void* dx_data) {
  return cudnn_call([&] {
    constexpr const char* call = "cudnnConvolutionBackwardData";
    const cudnnContext& context = live(handle, "the handle");
    const PlainConvolution p = checked(dx, weight, convolution, dy);
    queue(call, context, p, array(call, p.weight, weight_data, "w"), array(call, p.y, dy_data, "dy"),
          array(call, p.x, dx_data, "dx"), {alpha, beta}, {workspace, bytes}, workspace_of(p, algorithm),
          [](const PlainConvolution& c, const auto& a, const auto& b) { return c.backward_data(a, b); });
  });
}
cudnnStatus_t cudnnConvolutionBackwardFilter(cudnnHandle_t handle, const void* alpha,
                                             cudnnTensorDescriptor_t x, const void* x_data,
                                             cudnnTensorDescriptor_t dy, const void* dy_data,
                                             cudnnConvolutionDescriptor_t convolution,
                                             cudnnConvolutionBwdFilterAlgo_t algorithm, void* workspace,
                                             size_t bytes, const void* beta, cudnnFilterDescriptor_t dweight,
                                             void* dweight_data) {
  return cudnn_call([&] {
    constexpr const char* call = "cudnnConvolutionBackwardFilter";
    const cudnnContext& context = live(handle, "the handle");
    const PlainConvolution p = checked(x, dweight, convolution, dy);
    queue(call, context, p, array(call, p.x, x_data, "x"), array(call, p.y, dy_data, "dy"),
          array(call, p.weight, dweight_data, "dw"), {alpha, beta}, {workspace, bytes},
          workspace_of(p, algorithm),
          [](const PlainConvolution& c, const auto& a, const auto& b) { return c.backward_filter(a, b); });
  });
}

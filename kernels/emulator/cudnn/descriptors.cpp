// Handles and descriptors of cuDNN (cuDNN API Reference, "cudnn_graph", "cudnn_ops" and "cudnn_cnn"
// libraries).
#include "kernels/emulator/cudnn/descriptors.h"

#include <algorithm>
#include <cstring>

namespace masktwins::emulator {

std::string& last_cudnn_refusal() {
  thread_local std::string why;
  return why;
}

int64_t bytes_of(cudnnDataType_t type) {
  switch (type) {
    case CUDNN_DATA_FLOAT: return 4;
    case CUDNN_DATA_HALF:
    case CUDNN_DATA_BFLOAT16: return 2;
    default: refuse(CUDNN_STATUS_NOT_SUPPORTED, "the emulated cuDNN knows float, half and bfloat16 only");
  }
}

namespace {

template <class Object>
cudnnStatus_t create(Object** handle) {
  return cudnn_call([&] {
    if (handle == nullptr) refuse(CUDNN_STATUS_BAD_PARAM, "no place for the new handle");
    *handle = LiveObjects<Object>::instance().create();
  });
}

template <class Object>
cudnnStatus_t destroy(Object* object, const char* name) {
  return cudnn_call([&] {
    live(object, name);
    LiveObjects<Object>::instance().destroy(object);
  });
}

void require_channels_last(cudnnTensorFormat_t format) {
  if (format != CUDNN_TENSOR_NCHW && format != CUDNN_TENSOR_NHWC && format != CUDNN_TENSOR_NCHW_VECT_C)
    refuse(CUDNN_STATUS_BAD_PARAM, "unknown format ", static_cast<int>(format));
  if (format != CUDNN_TENSOR_NHWC)
    refuse(CUDNN_STATUS_NOT_SUPPORTED, "the emulated cuDNN knows CUDNN_TENSOR_NHWC only");
}

void require_sizes(int a, int b, int c, int d) {
  if (a <= 0 || b <= 0 || c <= 0 || d <= 0)
    refuse(CUDNN_STATUS_BAD_PARAM, "sizes must be positive, got ", a, ", ", b, ", ", c, ", ", d);
  // "the maximum limit of 2 Giga-elements"
  constexpr double limit = 2147483648.0;
  if (double(a) * b * c * d >= limit) refuse(CUDNN_STATUS_NOT_SUPPORTED, "a tensor of 2^31 elements or more");
}

}  // namespace
}  // namespace masktwins::emulator

using namespace masktwins::emulator;

size_t cudnnGetVersion() { return CUDNN_VERSION; }

const char* cudnnGetErrorString(cudnnStatus_t status) {
  switch (CUDNN_STATUS_CATEGORY(status)) {
    case CUDNN_STATUS_SUCCESS: return "CUDNN_STATUS_SUCCESS";
    case CUDNN_STATUS_BAD_PARAM: return "CUDNN_STATUS_BAD_PARAM";
    case CUDNN_STATUS_NOT_SUPPORTED: return "CUDNN_STATUS_NOT_SUPPORTED";
    case CUDNN_STATUS_EXECUTION_FAILED: return "CUDNN_STATUS_EXECUTION_FAILED";
    default: return "CUDNN_STATUS_INTERNAL_ERROR";
  }
}
void cudnnGetLastErrorString(char* message, size_t max_size) {
  if (max_size == 0) return;
  const std::string& why = last_cudnn_refusal();
  const size_t length = std::min(why.size(), max_size - 1);
  std::memcpy(message, why.data(), length);
  message[length] = 0;
}

cudnnStatus_t cudnnCreate(cudnnHandle_t* handle) { return create(handle); }
cudnnStatus_t cudnnDestroy(cudnnHandle_t handle) { return destroy(handle, "the handle"); }
cudnnStatus_t cudnnSetStream(cudnnHandle_t handle, cudaStream_t stream) {
  return cudnn_call([&] {
    cudnnContext& context = live(handle, "the handle");
    if (!is_stream(stream)) refuse(CUDNN_STATUS_BAD_PARAM, "unknown stream");
    context.stream = stream;
  });
}
cudnnStatus_t cudnnGetStream(cudnnHandle_t handle, cudaStream_t* stream) {
  return cudnn_call([&] { *stream = live(handle, "the handle").stream; });
}

cudnnStatus_t cudnnCreateTensorDescriptor(cudnnTensorDescriptor_t* tensor) { return create(tensor); }
cudnnStatus_t cudnnDestroyTensorDescriptor(cudnnTensorDescriptor_t tensor) {
  return destroy(tensor, "the tensor descriptor");
}
cudnnStatus_t cudnnSetTensor4dDescriptor(cudnnTensorDescriptor_t tensor, cudnnTensorFormat_t format,
                                         cudnnDataType_t type, int n, int c, int h, int w) {
  return cudnn_call([&] {
    cudnnTensorStruct& descriptor = live(tensor, "the tensor descriptor");
    require_sizes(n, c, h, w);
    require_channels_last(format);
    bytes_of(type);
    descriptor = {true, type, n, c, h, w};
  });
}

cudnnStatus_t cudnnCreateFilterDescriptor(cudnnFilterDescriptor_t* filter) { return create(filter); }
cudnnStatus_t cudnnDestroyFilterDescriptor(cudnnFilterDescriptor_t filter) {
  return destroy(filter, "the filter descriptor");
}
cudnnStatus_t cudnnSetFilter4dDescriptor(cudnnFilterDescriptor_t filter, cudnnDataType_t type,
                                         cudnnTensorFormat_t format, int k, int c, int h, int w) {
  return cudnn_call([&] {
    cudnnFilterStruct& descriptor = live(filter, "the filter descriptor");
    require_sizes(k, c, h, w);
    require_channels_last(format);
    bytes_of(type);
    descriptor = {true, type, k, c, h, w};
  });
}

cudnnStatus_t cudnnCreateConvolutionDescriptor(cudnnConvolutionDescriptor_t* convolution) {
  return create(convolution);
}
cudnnStatus_t cudnnDestroyConvolutionDescriptor(cudnnConvolutionDescriptor_t convolution) {
  return destroy(convolution, "the convolution descriptor");
}
cudnnStatus_t cudnnSetConvolution2dDescriptor(cudnnConvolutionDescriptor_t convolution, int padding_height,
                                              int padding_width, int stride_height, int stride_width,
                                              int dilation_height, int dilation_width,
                                              cudnnConvolutionMode_t mode, cudnnDataType_t compute_type) {
  return cudnn_call([&] {
    cudnnConvolutionStruct& descriptor = live(convolution, "the convolution descriptor");
    if (padding_height < 0 || padding_width < 0)
      refuse(CUDNN_STATUS_BAD_PARAM, "negative padding ", padding_height, ", ", padding_width);
    if (stride_height <= 0 || stride_width <= 0)
      refuse(CUDNN_STATUS_BAD_PARAM, "strides must be positive, got ", stride_height, ", ", stride_width);
    if (dilation_height <= 0 || dilation_width <= 0)
      refuse(CUDNN_STATUS_BAD_PARAM, "dilations must be positive, got ", dilation_height, ", ",
             dilation_width);
    if (mode != CUDNN_CROSS_CORRELATION)
      refuse(CUDNN_STATUS_NOT_SUPPORTED, "the emulated cuDNN knows CUDNN_CROSS_CORRELATION only");
    // A new geometry; group count and math type stay.
    descriptor.set = true;
    descriptor.padding_height = padding_height;
    descriptor.padding_width = padding_width;
    descriptor.stride_height = stride_height;
    descriptor.stride_width = stride_width;
    descriptor.dilation_height = dilation_height;
    descriptor.dilation_width = dilation_width;
    descriptor.compute_type = compute_type;
  });
}
cudnnStatus_t cudnnSetConvolutionMathType(cudnnConvolutionDescriptor_t convolution, cudnnMathType_t math) {
  return cudnn_call([&] { live(convolution, "the convolution descriptor").math = math; });
}
cudnnStatus_t cudnnSetConvolutionGroupCount(cudnnConvolutionDescriptor_t convolution, int groups) {
  return cudnn_call([&] {
    cudnnConvolutionStruct& descriptor = live(convolution, "the convolution descriptor");
    if (groups <= 0) refuse(CUDNN_STATUS_BAD_PARAM, "group count ", groups);
    descriptor.groups = groups;
  });
}

// Stand-in for cuDNN: what its handles and descriptors hold, and how a call is refused. Only channels-last
// tensors and filters are known, because the engine uses no others.
#pragma once

#include <cudnn.h>

#include "kernels/emulator/runtime/library.h"

struct cudnnContext {
  cudaStream_t stream = nullptr;
};
struct cudnnTensorStruct {
  bool set = false;
  cudnnDataType_t type = CUDNN_DATA_FLOAT;
  int64_t batch = 0, channels = 0, height = 0, width = 0;
};
struct cudnnFilterStruct {
  bool set = false;
  cudnnDataType_t type = CUDNN_DATA_FLOAT;
  int64_t outputs = 0, inputs = 0, height = 0, width = 0;  // inputs: per group
};
struct cudnnConvolutionStruct {
  bool set = false;
  int64_t padding_height = 0, padding_width = 0, stride_height = 1, stride_width = 1, dilation_height = 1,
          dilation_width = 1, groups = 1;
  cudnnDataType_t compute_type = CUDNN_DATA_FLOAT;
  cudnnMathType_t math = CUDNN_DEFAULT_MATH;
};

namespace masktwins::emulator {

// For cudnnGetLastErrorString of this thread.
std::string& last_cudnn_refusal();

// Runs a call's body, which throws Refusal to end it.
template <class Body>
cudnnStatus_t cudnn_call(Body&& body) {
  try {
    body();
    return CUDNN_STATUS_SUCCESS;
  } catch (const Refusal<cudnnStatus_t>& refusal) {
    last_cudnn_refusal() = refusal.why;
    return refusal.status;
  }
}

// The object behind a handle; refuses null, destroyed and foreign ones.
template <class Object>
Object& live(Object* object, const char* name) {
  if (object == nullptr) refuse(CUDNN_STATUS_BAD_PARAM, name, " is null");
  if (!LiveObjects<Object>::instance().contains(object))
    refuse(CUDNN_STATUS_BAD_PARAM, name, " was never created, or is destroyed");
  return *object;
}

// The same for a descriptor that must have been set.
template <class Object>
const Object& described(const Object* object, const char* name) {
  const Object& descriptor = live(const_cast<Object*>(object), name);
  if (!descriptor.set) refuse(CUDNN_STATUS_BAD_PARAM, name, " was created and not set");
  return descriptor;
}

int64_t bytes_of(cudnnDataType_t type);
inline int64_t bytes_of(const cudnnTensorStruct& t) {
  return t.batch * t.channels * t.height * t.width * bytes_of(t.type);
}
inline int64_t bytes_of(const cudnnFilterStruct& f) {
  return f.outputs * f.inputs * f.height * f.width * bytes_of(f.type);
}

}  // namespace masktwins::emulator

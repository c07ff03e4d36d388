// From the device and the dtype of a tensor to a kernel. An op's call reads
//
//   dispatch(x, "relu", [&](auto device, auto zero) {
//     using T = decltype(zero);
//     const kernels::ReluArgs<T> args{...};
//     if constexpr (device == Device::cpu) kernels::cpu::relu(args);
//     else kernels::cuda::relu(args);
//   });
//
// The branch is one of the compiler, because the two devices compute in different types and because a build
// without CUDA must not refer to its kernels.
#pragma once

#include <type_traits>
#include <utility>

#include "tensor/tensor.h"

namespace masktwins {

#ifdef MASKTWINS_CUDA
constexpr bool built_with_cuda = true;
#else
constexpr bool built_with_cuda = false;
#endif

using OnCpu = std::integral_constant<Device, Device::cpu>;
using OnCuda = std::integral_constant<Device, Device::cuda>;

// Calls body(device) for kernels whose types do not depend on a dtype.
template <class Body>
decltype(auto) dispatch_device(Device device, const char* op, Body&& body) {
  if (device == Device::cpu) return std::forward<Body>(body)(OnCpu{});
  if constexpr (built_with_cuda) return std::forward<Body>(body)(OnCuda{});
  else no_kernel(op, device);
}

// Calls body(device, zero) with a zero of x's floating type: float and double on the CPU; float, bfloat16 and
// float16 on CUDA.
template <class Body>
decltype(auto) dispatch(const Tensor& x, const char* op, Body&& body) {
  if (x.device() == Device::cpu)
    return dispatch_floating(x.dtype(), op, [&](auto zero) { return body(OnCpu{}, zero); });
  if constexpr (built_with_cuda) {
    switch (x.dtype()) {
      case DType::float32: return body(OnCuda{}, float{});
      case DType::bfloat16: return body(OnCuda{}, bfloat16{});
      case DType::float16: return body(OnCuda{}, float16{});
      case DType::float64: fail(op, ": cuda computes in float32 and 16 bits, not in float64");
      default: fail(op, ": needs a floating tensor, got ", x.dtype());
    }
  } else {
    no_kernel(op, x.device());
  }
}

}  // namespace masktwins

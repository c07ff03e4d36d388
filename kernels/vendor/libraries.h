// Who computes convolutions and matrix products on CUDA.
#pragma once

namespace masktwins::kernels::cuda {

enum class Libraries {
  vendor,  // cuDNN and cuBLASLt, where the build has them and they have an algorithm; else as `own`
  own,     // the last versions of kernels/course
};

// May be changed at any time. At first what MASKTWINS_LIBRARIES says, "vendor" (the default) or "own".
Libraries& libraries();

// Whether the device has the instructions of kernels/common/tensor_core.cuh.
bool device_has_tensor_cores();

}  // namespace masktwins::kernels::cuda

// Which versions of CUDA's libraries this build computes with, for people.
#pragma once

#include <cstddef>
#include <string>

namespace masktwins::kernels::cuda {

// "9.14.0" of cuDNN and "13.1.0" of cuBLASLt; else in one line why the build has none and what computes
// instead.
std::string cudnn_version();
std::string cublaslt_version();

// From the libraries' numbers, 91400 for 9.14.0: the version that was loaded and, if another one, that of the
// build.
std::string library_version(std::size_t loaded, std::size_t built);

}  // namespace masktwins::kernels::cuda

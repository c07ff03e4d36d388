// The CUDA device of a test: the emulated one, whose findings fail the test, or a real one.
#pragma once

#include <doctest/doctest.h>

#include <string>

#include "kernels/common/cuda.h"
#ifdef MASKTWINS_CUDA_EMULATED
#include "kernels/emulator/emulator.h"
#endif

namespace masktwins::tests {

// For the length of one test case.
class CudaDevice {
 public:
  CudaDevice() {
    if (std::string reason; !kernels::cuda::available(reason)) FAIL("no CUDA: ", reason);
  }
  ~CudaDevice() {
    kernels::cuda::synchronize();
#ifdef MASKTWINS_CUDA_EMULATED
    const auto findings = emulator::take_findings();
    if (!findings.empty()) FAIL_CHECK(emulator::describe(findings));
#endif
  }
  CudaDevice(const CudaDevice&) = delete;
  CudaDevice& operator=(const CudaDevice&) = delete;
};

}  // namespace masktwins::tests

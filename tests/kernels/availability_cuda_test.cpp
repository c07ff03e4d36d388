// Why there is no CUDA: one line that says what is missing and what to do.
#include "kernels/common/availability.h"

#include <doctest/doctest.h>

using namespace masktwins::kernels::cuda;

TEST_CASE("what keeps a machine from computing on CUDA") {
  CHECK(why_no_device(cudaErrorInsufficientDriver, 0) ==
        "no NVIDIA driver; install it, nvidia-smi must list the GPU");
  CHECK(why_no_device(cudaErrorInsufficientDriver, 12040) ==
        "the NVIDIA driver knows CUDA 12.4, this build needs " + version_text(CUDART_VERSION) +
            "; install a newer driver");
  CHECK(why_no_device(cudaErrorNoDevice, 13000) ==
        "no NVIDIA GPU in this machine, or CUDA_VISIBLE_DEVICES hides it");
}

TEST_CASE("devices before Turing are refused by name") {
  DeviceDescription device;
  device.name = "NVIDIA Tesla P100";
  device.compute_capability = 60;
  CHECK(why_not_this_device(device) ==
        "NVIDIA Tesla P100 has compute capability 6.0, this build has kernels from 7.5 (Turing) on");
  device.compute_capability = 75;
  CHECK(why_not_this_device(device).empty());
}

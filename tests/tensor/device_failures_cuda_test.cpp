// What people read when the device refuses or a kernel fails, and that work goes on where it can.
#include <doctest/doctest.h>

#include <cstdlib>

#include "kernels/class_mix.h"
#include "kernels/common/stream.h"
#include "kernels/fill.h"
#include "tensor/memory_tag.h"
#include "tensor/tensor.h"
#include "tests/cuda_device.h"

using namespace masktwins;

TEST_CASE("out of device memory: the message says who holds what, and the next tensor is made") {
  const tests::CudaDevice device;
  const MemoryTag tag("gradients");
  const Tensor held = Tensor::empty({3 << 20}, DType::float32, Device::cuda);
  const auto ask_for_too_much = [] { Tensor::empty({int64_t{1} << 40}, DType::float32, Device::cuda); };
  CHECK_THROWS_WITH_AS(ask_for_too_much(),
                       doctest::Contains("out of memory on cuda: a tensor of 4194304 MiB was refused"),
                       Error);
  CHECK_THROWS_WITH_AS(ask_for_too_much(), doctest::Contains("; gradients 12 MiB"), Error);
  CHECK(Tensor::full({2}, 3, DType::float32, Device::cuda).to_values<float>() == std::vector<float>{3, 3});
}

TEST_CASE("a GPU that the build has no kernels for") {
  CHECK_THROWS_WITH(
      kernels::cuda::check(cudaErrorNoKernelImageForDevice, "launch of relu"),
      doctest::Contains("cuda: launch of relu: no kernel image is available for execution on the "
                        "device (cudaErrorNoKernelImageForDevice); this build has no kernels"));
}

TEST_CASE("a refused launch names the kernel, its size and its arguments, and the next one runs") {
  const tests::CudaDevice device;
  const int64_t too_many = 1 << 16;  // blocks along y, one for every image
  const Tensor labels = Tensor::zeros({too_many}, DType::uint8, Device::cuda);
  const auto refused = [&] {
    kernels::ClassMixArgs<float> args{};
    args.batch = too_many;
    args.target_batch = 3;
    args.pixels = 1;
    args.source_label = args.target_label = args.chosen = labels.data<uint8_t>();
    kernels::cuda::class_mix(args);
  };
  CHECK_THROWS_WITH(
      refused(),
      doctest::Contains("cuda: launch of class_mix_maps with grid (1, 65536, 1), block (256, 1, 1), "
                        "0 bytes of shared memory, arguments (Maps {"));
  CHECK_THROWS_WITH(refused(), doctest::Contains("}, 1, 3): invalid configuration argument"));
  CHECK(Tensor::full({2}, 3, DType::float32, Device::cuda).to_values<float>() == std::vector<float>{3, 3});
}

#ifdef MASKTWINS_CUDA_EMULATED
namespace {

// Writes one element behind the end of a tensor.
void fail_in_a_kernel() {
  Tensor x = Tensor::empty({4}, DType::float32, Device::cuda);
  kernels::cuda::fill(kernels::FillArgs<float>{1, x.data<float>() + 4, 1});
  kernels::cuda::synchronize();
}

}  // namespace

TEST_CASE("a kernel's fault shows at the next wait, which says how to learn the kernel's name") {
  CHECK_THROWS_WITH(fail_in_a_kernel(),
                    doctest::Contains("illegal memory access was encountered (cudaErrorIllegalAddress); with "
                                      "CUDA_LAUNCH_BLOCKING=1"));
  emulator::reset();
  setenv("CUDA_LAUNCH_BLOCKING", "1", 1);
  CHECK_THROWS_WITH(
      fail_in_a_kernel(),
      doctest::Contains("launch of fill with grid (1, 1, 1), block (256, 1, 1), 0 bytes of shared "
                        "memory, arguments (1, 0x"));
  unsetenv("CUDA_LAUNCH_BLOCKING");
  emulator::reset();
}
#endif

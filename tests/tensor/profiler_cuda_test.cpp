// Times of ops on CUDA are the device's, and nobody waits for them.
#include <doctest/doctest.h>

#include <chrono>

#include "tensor/device_profile.h"
#include "tensor/ops/relu.h"
#include "tensor/profiler.h"
#include "tests/cuda_device.h"

using namespace masktwins;

TEST_CASE("the profiler reads the device's clock when it is asked, not while ops are queued") {
  const tests::CudaDevice device;
  const Tensor x = Tensor::full({1 << 18}, 1, DType::float32, Device::cuda);
  kernels::cuda::synchronize();
#ifdef MASKTWINS_CUDA_EMULATED
  emulator::take_counts();
#endif
  start_profiler(Device::cuda);
  for (int i = 0; i < 3; ++i) relu(x);
  Profiler::stop();
#ifdef MASKTWINS_CUDA_EMULATED
  CHECK(emulator::take_counts().empty());  // the emulator runs nothing before the host waits
#endif
  const auto begin = std::chrono::steady_clock::now();
  const std::vector<OpTotals> totals = Profiler::totals();
  [[maybe_unused]] const double waited =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  REQUIRE(totals.size() == 1);
  CHECK(totals[0].op == "relu");
  CHECK(totals[0].calls == 3);
#ifdef MASKTWINS_CUDA_EMULATED
  CHECK(totals[0].seconds > 0.5 * waited);
  CHECK(totals[0].seconds <= waited);
#endif
  CHECK(Profiler::totals()[0].seconds == totals[0].seconds);
  CHECK(profile_table(totals).find("roofline") == std::string::npos);  // which is the processor's
}

// Work recorded as a graph: what runs and when, what a recording refuses, and whose memory it keeps.
#include "kernels/common/step_graph.h"

#include <doctest/doctest.h>

#include "kernels/common/cuda.h"
#include "tensor/tensor.h"
#include "tests/cuda_device.h"

using namespace masktwins;
using kernels::cuda::StepGraph;

namespace {

std::vector<float> values(const Tensor& x) { return x.to_values<float>(); }

}  // namespace

TEST_CASE("every run of a graph computes with that run's arguments, whatever its form") {
  const tests::CudaDevice device;
  StepGraph graph;
  for (int run = 0; run < 6; ++run) {
    Tensor x, y;
    graph.run([&] {
      x = Tensor::full({5}, run, DType::float32, Device::cuda);
      if (run % 2 == 1) x = x.clone();
      y = x.to(DType::bfloat16).to(DType::float32);
    });
    CHECK(values(y) == std::vector<float>(5, static_cast<float>(run)));
  }
}

TEST_CASE("a recording that waits for the device is refused and leaves nothing behind") {
  const tests::CudaDevice device;
  StepGraph graph;
  Tensor x = Tensor::full({3}, 1, DType::float32, Device::cuda);
  graph.run([&] { x.fill(2); });
  CHECK_THROWS_WITH(graph.run([&] {
    x.fill(3);
    x.to(Device::cpu);
  }),
                    doctest::Contains("operation not permitted when stream is capturing"));
  CHECK(values(x) == std::vector<float>(3, 2));
  graph.run([&] { x.fill(4); });
  CHECK(values(x) == std::vector<float>(3, 4));
}

TEST_CASE("memory that recorded kernels use outlives the recording") {
  const tests::CudaDevice device;
  StepGraph graph;
  Tensor y = Tensor::zeros({4}, DType::float32, Device::cuda);
  for (int run = 1; run < 4; ++run) {
    graph.run([&] {
      const Tensor x = Tensor::full({4}, run, DType::float32, Device::cuda);
      void* memory = kernels::cuda::allocate(16);
      kernels::cuda::copy_on_device(memory, x.raw_data(), 16);
      kernels::cuda::copy_on_device(y.raw_data(), memory, 16);
      kernels::cuda::release(memory);
    });
    CHECK(values(y) == std::vector<float>(4, static_cast<float>(run)));
  }
}

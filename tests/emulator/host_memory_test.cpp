// __managed__ variables, registered host memory, pitched volumes and callbacks.
#include <doctest/doctest.h>

#include "tests/emulator/device_array.h"
#include "tests/emulator/emulated.h"
#include "tests/emulator/kernels/host_memory.h"

using namespace masktwins;
using namespace masktwins::tests;
using emulator::FindingKind;

TEST_CASE("host and kernels share a managed variable") {
  const EmulatedDevice device;
  CHECK(managed_total() == 5);
  add_to_total(4);
  CHECK(managed_total() == 9);
  add_to_total(-4);
  CHECK(managed_total() == 5);
}

TEST_CASE("kernels use registered host memory, and nothing else of the host") {
  const EmulatedDevice device;
  std::vector<float> x(100, 2);
  REQUIRE(cudaHostRegister(x.data(), 400, cudaHostRegisterMapped) == cudaSuccess);
  CHECK(cudaHostRegister(x.data() + 50, 40, 0) == cudaErrorHostMemoryAlreadyRegistered);
  CHECK(cudaGetLastError() == cudaErrorHostMemoryAlreadyRegistered);
  float* on_device = nullptr;
  CHECK(cudaHostGetDevicePointer(reinterpret_cast<void**>(&on_device), x.data(), 0) == cudaSuccess);
  add_one(on_device, 100);
  REQUIRE(cudaDeviceSynchronize() == cudaSuccess);
  CHECK(x == std::vector<float>(100, 3));
  CHECK(cudaFreeHost(x.data()) == cudaErrorInvalidValue);  // it was not allocated
  CHECK(cudaHostUnregister(x.data()) == cudaSuccess);
  CHECK(cudaHostUnregister(x.data()) == cudaErrorHostMemoryNotRegistered);
  add_one(x.data(), 100);
  CHECK(cudaDeviceSynchronize() == cudaErrorIllegalAddress);
  CHECK(kinds_found() == std::vector{FindingKind::pointer_confusion});
}

TEST_CASE("volumes: set, changed by a kernel, and a part of them copied") {
  const EmulatedDevice device;
  const cudaExtent extent = cudaExtent{5 * sizeof(float), 4, 3};
  cudaPitchedPtr volume;
  REQUIRE(cudaMalloc3D(&volume, extent) == cudaSuccess);
  REQUIRE(cudaMemset3D(volume, 0, extent) == cudaSuccess);
  std::vector<float> numbers;
  for (int i = 0; i < 60; ++i) numbers.push_back(static_cast<float>(i));
  cudaMemcpy3DParms copy{};
  copy.srcPtr = cudaPitchedPtr{numbers.data(), 20, 5, 4};
  copy.dstPtr = volume;
  copy.extent = extent;
  copy.kind = cudaMemcpyHostToDevice;
  REQUIRE(cudaMemcpy3D(&copy) == cudaSuccess);
  add_one(volume, extent);
  // The last two numbers of the last two rows of every layer.
  std::vector<float> part(12);
  copy.srcPtr = volume;
  copy.srcPos = cudaPos{3 * sizeof(float), 2, 0};
  copy.dstPtr = cudaPitchedPtr{part.data(), 8, 2, 2};
  copy.extent = cudaExtent{2 * sizeof(float), 2, 3};
  copy.kind = cudaMemcpyDeviceToHost;
  REQUIRE(cudaMemcpy3D(&copy) == cudaSuccess);
  CHECK(part == std::vector<float>{14, 15, 19, 20, 34, 35, 39, 40, 54, 55, 59, 60});
  copy.extent.depth = 4;  // beyond the volume
  CHECK(cudaMemcpy3D(&copy) == cudaErrorInvalidValue);
  CHECK(kinds_found() == std::vector{FindingKind::out_of_bounds});
  CHECK(cudaFree(volume.ptr) == cudaSuccess);
  cudaGetLastError();
}

TEST_CASE("a callback runs after the work before it") {
  const EmulatedDevice device;
  const DeviceArray<float> x(std::vector<float>(10, 1));
  struct Seen {
    const float* from;
    float value = 0;
    cudaError_t error = cudaErrorUnknown;
  };
  float* pinned = nullptr;
  REQUIRE(cudaMallocHost(reinterpret_cast<void**>(&pinned), 40) == cudaSuccess);
  Seen seen{pinned};
  add_one(x.data(), 10);
  CHECK(cudaMemcpyAsync(pinned, x.data(), 40, cudaMemcpyDeviceToHost, nullptr) == cudaSuccess);
  const auto look = [](cudaStream_t, cudaError_t error, void* argument) {
    auto* target = static_cast<Seen*>(argument);
    target->value = target->from[9];
    target->error = error;
  };
  CHECK(cudaStreamAddCallback(nullptr, look, &seen, 0) == cudaSuccess);
  CHECK(cudaDeviceSynchronize() == cudaSuccess);
  CHECK(seen.value == 2);
  CHECK(seen.error == cudaSuccess);
  CHECK(cudaFreeHost(pinned) == cudaSuccess);
}

// The stand-in for the CUDA runtime: memory, copies, errors, launches, device properties.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <tuple>

#include "tests/emulator/device_array.h"
#include "tests/emulator/emulated.h"
#include "tests/emulator/kernels/features.h"
#include "tests/emulator/kernels/textbook.h"

using namespace masktwins;
using namespace masktwins::tests;
using emulator::FindingKind;

TEST_CASE("copies go every way") {
  const EmulatedDevice device;
  std::vector<int> host = {1, 2, 3, 4, 5, 6}, back(6, 0);
  const DeviceArray<int> a(host), b(std::size_t{6});
  CHECK(cudaMemcpy(b.data(), a.data(), 24, cudaMemcpyDeviceToDevice) == cudaSuccess);
  CHECK(cudaMemcpy(back.data(), b.data(), 24, cudaMemcpyDefault) == cudaSuccess);
  CHECK(back == host);
  CHECK(cudaMemset(b.data() + 1, 0, 8) == cudaSuccess);
  CHECK(b.values() == std::vector<int>{1, 0, 0, 4, 5, 6});
  // The upper left 2 x 2 of a 3-wide matrix.
  CHECK(cudaMemcpy2D(back.data(), 8, a.data(), 12, 8, 2, cudaMemcpyDeviceToHost) == cudaSuccess);
  CHECK(std::vector(back.begin(), back.begin() + 4) == std::vector<int>{1, 2, 4, 5});
  CHECK(cudaMemcpy2D(back.data(), 4, a.data(), 12, 8, 2, cudaMemcpyDeviceToHost) ==
        cudaErrorInvalidPitchValue);
}

TEST_CASE("copies in the wrong direction are errors and findings") {
  const EmulatedDevice device;
  std::vector<int> host(4);
  const DeviceArray<int> a(std::size_t{4});
  for (const auto& [to, from, kind] : std::vector<std::tuple<void*, void*, cudaMemcpyKind>>{
           {a.data(), host.data(), cudaMemcpyDeviceToHost},
           {host.data(), a.data(), cudaMemcpyHostToDevice},
           {host.data(), a.data(), cudaMemcpyDeviceToDevice},
           {a.data(), a.data(), cudaMemcpyHostToDevice}}) {
    CHECK(cudaMemcpy(to, from, 16, kind) == cudaErrorInvalidValue);
    CHECK(kinds_found() == std::vector{FindingKind::pointer_confusion});
  }
  CHECK(cudaMemset(host.data(), 0, 16) == cudaErrorInvalidValue);
  CHECK(kinds_found() == std::vector{FindingKind::pointer_confusion});
  CHECK(cudaMemcpy(a.data(), host.data(), 20, cudaMemcpyHostToDevice) == cudaErrorInvalidValue);
  CHECK(kinds_found() == std::vector{FindingKind::out_of_bounds});
  CHECK(cudaGetLastError() == cudaErrorInvalidValue);
  CHECK(cudaGetLastError() == cudaSuccess);
}

TEST_CASE("host code that touches device memory dies") {
  const EmulatedDevice device;
  const DeviceArray<int> a(std::vector<int>{1});
  int ends[2] = {};
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    close(STDOUT_FILENO);
    _exit(*const_cast<const volatile int*>(a.data()));
  }
  close(ends[1]);
  char message[200] = {};
  CHECK(read(ends[0], message, sizeof message - 1) > 0);
  close(ends[0]);
  CHECK(std::string(message).find("host code used a device pointer") != std::string::npos);
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGSEGV);
}

TEST_CASE("allocation") {
  const EmulatedDevice device;
  std::size_t free_before = 0, free_now = 0, total = 0;
  CHECK(cudaMemGetInfo(&free_before, &total) == cudaSuccess);
  void* pointer = nullptr;
  CHECK(cudaMalloc(&pointer, 1 << 20) == cudaSuccess);
  CHECK(reinterpret_cast<uint64_t>(pointer) % 256 == 0);
  cudaMemGetInfo(&free_now, &total);
  CHECK(free_before - free_now == 1 << 20);
  CHECK(cudaFree(pointer) == cudaSuccess);
  CHECK(cudaFree(pointer) == cudaErrorInvalidValue);
  CHECK(cudaFree(nullptr) == cudaSuccess);
  CHECK(cudaMalloc(&pointer, std::size_t{1} << 40) == cudaErrorMemoryAllocation);
  CHECK(std::string(cudaGetErrorName(cudaGetLastError())) == "cudaErrorMemoryAllocation");
}

TEST_CASE("pinned and managed memory is seen by both sides") {
  const EmulatedDevice device;
  float *pinned = nullptr, *managed = nullptr;
  CHECK(cudaMallocHost(reinterpret_cast<void**>(&pinned), 64 * sizeof(float)) == cudaSuccess);
  CHECK(cudaMallocManaged(reinterpret_cast<void**>(&managed), 64 * sizeof(float), cudaMemAttachGlobal) ==
        cudaSuccess);
  for (int i = 0; i < 64; ++i) pinned[i] = managed[i] = static_cast<float>(i);
  saxpy(3, pinned, managed, 64);
  CHECK(managed[5] == 5);  // nothing has run yet
  CHECK(cudaDeviceSynchronize() == cudaSuccess);
  CHECK(managed[5] == 20);
  cudaPointerAttributes attributes;
  CHECK(cudaPointerGetAttributes(&attributes, pinned + 3) == cudaSuccess);
  CHECK(attributes.type == cudaMemoryTypeHost);
  CHECK(cudaFreeHost(pinned) == cudaSuccess);
  CHECK(cudaFree(managed) == cudaSuccess);
}

TEST_CASE("launches that no device accepts") {
  const EmulatedDevice device;
  const auto error_of = [](dim3 grid, dim3 block, std::size_t shared) {
    launch_nothing(grid, block, shared);
    return cudaGetLastError();
  };
  CHECK(error_of(1, 1024, 0) == cudaSuccess);
  CHECK(error_of(1, 1025, 0) == cudaErrorInvalidConfiguration);
  CHECK(error_of(0, 32, 0) == cudaErrorInvalidConfiguration);
  CHECK(error_of(dim3(1, 65536), 32, 0) == cudaErrorInvalidConfiguration);
  CHECK(error_of(1, dim3(1, 1, 65), 0) == cudaErrorInvalidConfiguration);
  CHECK(error_of(1, 32, 48 * 1024) == cudaSuccess);
  CHECK(error_of(1, 32, 48 * 1024 + 4) == cudaErrorInvalidValue);
  allow_shared_memory(100 * 1024);
  CHECK(error_of(1, 32, 100 * 1024) == cudaSuccess);
}

TEST_CASE("device properties and occupancy") {
  const EmulatedDevice device;
  cudaDeviceProp properties;
  CHECK(cudaGetDeviceProperties(&properties, 0) == cudaSuccess);
  CHECK(properties.warpSize == 32);
  CHECK(properties.major == 8);
  CHECK(cudaGetDeviceProperties(&properties, 1) == cudaErrorInvalidDevice);
  int value = 0;
  CHECK(cudaDeviceGetAttribute(&value, cudaDevAttrMultiProcessorCount, 0) == cudaSuccess);
  CHECK(value == properties.multiProcessorCount);
  CHECK(resident_blocks(256, 0) == 8);
  CHECK(resident_blocks(32, 40 * 1024) == 4);
  cudaGetLastError();
}

TEST_CASE("calls, recursion, tables, constants and symbols") {
  for (const uint64_t seed : {0, 1}) {
    const EmulatedDevice device(seed);
    const DeviceArray<int> out(std::size_t{64});
    set_constant(1000);
    device_features(out.data());
    const std::vector<int> values = out.values();
    const int fibonacci[] = {0, 1, 1, 2, 3, 5, 8, 13};
    const int cases[] = {7, 11, -3, 40, 5, 60, -1, -1};
    for (int i = 0; i < 64; ++i)
      CHECK(values[static_cast<std::size_t>(i)] ==
            1000 + fibonacci[i % 8] * 100 + cases[i % 8] + (i * i - i));
    CHECK(read_counter() == 64 * static_cast<int>(seed + 1));
  }
}

// Function pointers, virtual functions, wmma fragments and a barrier of the whole grid.
#include <doctest/doctest.h>

#include "tests/emulator/device_array.h"
#include "tests/emulator/emulated.h"
#include "tests/emulator/kernels/language.h"

using namespace masktwins;
using namespace masktwins::tests;
using emulator::FindingKind;

namespace {

// Small whole numbers, so that every format here holds them and their products exactly.
template <class T>
std::vector<T> small_numbers(int size, int step) {
  std::vector<T> values;
  for (int i = 0; i < size; ++i) values.push_back(static_cast<T>(static_cast<float>(i * step % 7 - 3)));
  return values;
}

// Row by row; b_at(k, column) is an index into b.
template <class T, class At>
std::vector<float> product(const std::vector<T>& a, const std::vector<T>& b, int m, int n, int depth,
                           At&& b_at) {
  std::vector<float> c;
  for (int row = 0; row < m; ++row)
    for (int column = 0; column < n; ++column) {
      float sum = 0;
      for (int k = 0; k < depth; ++k)
        sum += static_cast<float>(a[static_cast<std::size_t>(row * depth + k)]) *
               static_cast<float>(b[static_cast<std::size_t>(b_at(k, column))]);
      c.push_back(sum);
    }
  return c;
}

}  // namespace

TEST_CASE("calls through pointers: every lane gets its own function") {
  const EmulatedDevice device;
  const int n = 100;
  std::vector<int> which;
  std::vector<float> x, expected;
  for (int i = 0; i < n; ++i) {
    which.push_back(i / 3 % 2);
    x.push_back(static_cast<float>(i));
    expected.push_back(x.back() * static_cast<float>(2 + which.back()));
  }
  const DeviceArray<int> device_which(which);
  const DeviceArray<float> device_x(x), y(x.size());
  call_through_pointers(device_which.data(), device_x.data(), y.data(), n);
  CHECK(y.values() == expected);

  which[70] = 2;
  const DeviceArray<int> with_null(which);
  call_through_pointers(with_null.data(), device_x.data(), y.data(), n);
  CHECK(cudaDeviceSynchronize() == cudaErrorIllegalAddress);
  const auto findings = emulator::take_findings();
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].kind == FindingKind::out_of_bounds);
  CHECK(findings[0].detail.find("thread (6,0,0) of block (1,0,0) calls through a pointer") !=
        std::string::npos);
}

TEST_CASE("virtual functions") {
  const EmulatedDevice device;
  const DeviceArray<float> area(20);
  call_virtual_functions(area.data(), 20);
  const auto values = area.values();
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto side = static_cast<float>(i);
    CHECK(values[i] == (i % 2 == 0 ? side * side : 2 * side));
  }
}

TEST_CASE("wmma: f16 with a stride, and a column-wise operand") {
  const EmulatedDevice device;
  const int stride = 24;
  const auto a = small_numbers<__half>(16 * 16, 5), b = small_numbers<__half>(16 * stride, 3);
  auto expected = product(a, b, 16, 16, 16, [&](int k, int column) { return column * stride + k; });
  const auto c = small_numbers<float>(16 * 16, 2);
  for (std::size_t i = 0; i < c.size(); ++i) expected[i] += c[i];
  const DeviceArray<__half> device_a(a), device_b(b);
  const DeviceArray<float> device_c(c);
  product_f16(device_a.data(), device_b.data(), stride, device_c.data());
  CHECK(device_c.values() == expected);
}

TEST_CASE("wmma: bf16, tf32 and an f16 result, in the other shapes") {
  const EmulatedDevice device;
  {
    const auto a = small_numbers<__nv_bfloat16>(32 * 16, 5), b = small_numbers<__nv_bfloat16>(16 * 8, 3);
    const DeviceArray<__nv_bfloat16> device_a(a), device_b(b);
    const DeviceArray<float> c(32 * 8);
    product_bf16(device_a.data(), device_b.data(), c.data());
    CHECK(c.values() == product(a, b, 32, 8, 16, [](int k, int column) { return k * 8 + column; }));
  }
  {
    const auto a = small_numbers<float>(16 * 8, 5), b = small_numbers<float>(8 * 16, 3);
    const DeviceArray<float> device_a(a), device_b(b), c(16 * 16);
    product_tf32(device_a.data(), device_b.data(), c.data());
    CHECK(c.values() == product(a, b, 16, 16, 8, [](int k, int column) { return k * 16 + column; }));
  }
  {
    const auto a = small_numbers<__half>(8 * 16, 5), b = small_numbers<__half>(16 * 32, 3);
    const auto expected = product(a, b, 8, 32, 16, [](int k, int column) { return k * 32 + column; });
    const DeviceArray<__half> device_a(a), device_b(b), c(8 * 32);
    product_f16_result(device_a.data(), device_b.data(), c.data());
    const auto values = c.values();
    for (std::size_t i = 0; i < expected.size(); ++i)
      CHECK(static_cast<float>(values[i % 32 * 8 + i / 32]) == 2 * expected[i]);
  }
}

TEST_CASE("blocks of a cooperative launch wait for each other, in every order") {
  for (const uint64_t seed : {0, 1, 2}) {
    const EmulatedDevice device(seed);
    const int n = 128 * 6, shift = 300;
    const DeviceArray<int> x(n), y(n);
    REQUIRE(rotate_cooperatively(x.data(), y.data(), n, shift) == cudaSuccess);
    const auto values = y.values();
    for (int i = 0; i < n; ++i) REQUIRE(values[static_cast<std::size_t>(i)] == (i + shift) % n);
  }
}

TEST_CASE(
    "more blocks than can run at once, and a grid's barrier without a cooperative launch, are refused") {
  const EmulatedDevice device;
  const int n = 1 << 20;
  const DeviceArray<int> x(n), y(n);
  CHECK(rotate_cooperatively(x.data(), y.data(), n, 1) == cudaErrorCooperativeLaunchTooLarge);
  CHECK(cudaGetLastError() == cudaErrorCooperativeLaunchTooLarge);
  rotate_without_cooperation(x.data(), y.data(), 128, 1);
  CHECK(cudaDeviceSynchronize() == cudaErrorLaunchFailure);
  CHECK(kinds_found() == std::vector{FindingKind::trap});
}

TEST_CASE("bmsk") {
  const EmulatedDevice device;
  const DeviceArray<unsigned> x({0, 4, 31, 32, 33, 0, 4}), y({0, 3, 5, 1, 2, 32, 40}), out(14);
  bit_masks(x.data(), y.data(), out.data(), 7);
  CHECK(out.values() == std::vector<unsigned>{0, 0x70, 0x80000000, 0, 0, 0xffffffff, 0xfffffff0, 0, 0x70,
                                              0x80000000, 1, 6, 0, 0xff0});
}

TEST_CASE("rows of cudaMallocPitch are apart by a multiple of the alignment") {
  const EmulatedDevice device;
  float* rows = nullptr;
  std::size_t pitch = 0;
  REQUIRE(cudaMallocPitch(reinterpret_cast<void**>(&rows), &pitch, 400, 8) == cudaSuccess);
  CHECK(pitch == 512);
  CHECK(cudaMemset2D(rows, pitch, 0, 400, 8) == cudaSuccess);
  CHECK(cudaMemset(rows, 0, pitch * 8) == cudaSuccess);
  CHECK(cudaFree(rows) == cudaSuccess);
}

// Textbook kernels, compiled by nvcc and run by the emulator, against plain loops: in the natural order of
// warps and blocks and in two drawn ones.
#include <doctest/doctest.h>

#include <cmath>
#include <numeric>

#include "tests/emulator/device_array.h"
#include "tests/emulator/emulated.h"
#include "tests/emulator/kernels/textbook.h"

using namespace masktwins::tests;

namespace {

std::vector<float> numbers(std::size_t size, int step = 37) {
  std::vector<float> values(size);
  for (std::size_t i = 0; i < size; ++i)
    values[i] = static_cast<float>(static_cast<int>(i) * step % 101 - 50) * 0.04f;
  return values;
}

// Largest difference; a NaN counts as infinite.
double largest_difference(const std::vector<float>& actual, const std::vector<double>& expected) {
  REQUIRE(actual.size() == expected.size());
  double worst = 0;
  for (std::size_t i = 0; i < actual.size(); ++i) {
    const double difference = std::abs(actual[i] - expected[i]);
    if (!(difference <= worst)) worst = std::isnan(difference) ? INFINITY : difference;
  }
  return worst;
}

template <class Body>
void with_every_order(Body&& body) {
  for (const uint64_t seed : {0, 1, 2}) {
    CAPTURE(seed);
    const EmulatedDevice device(seed);
    body();
  }
}

}  // namespace

TEST_CASE("saxpy") {
  with_every_order([] {
    const std::size_t n = 1000;
    const std::vector<float> x = numbers(n), y = numbers(n, 11);
    const DeviceArray<float> device_x(x), device_y(y);
    saxpy(2, device_x.data(), device_y.data(), static_cast<int>(n));
    std::vector<double> expected(n);
    for (std::size_t i = 0; i < n; ++i) expected[i] = static_cast<double>(std::fma(2.f, x[i], y[i]));
    CHECK(largest_difference(device_y.values(), expected) <= 0);
    saxpy_vector(2, device_x.data(), device_y.data(), static_cast<int>(n));
    for (std::size_t i = 0; i < n; ++i)
      expected[i] = static_cast<double>(std::fma(2.f, x[i], static_cast<float>(expected[i])));
    CHECK(largest_difference(device_y.values(), expected) <= 0);
  });
}

TEST_CASE("transpose") {
  with_every_order([] {
    const int width = 70, height = 45;
    const std::vector<float> in = numbers(static_cast<std::size_t>(width * height));
    std::vector<double> expected(in.size());
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x)
        expected[static_cast<std::size_t>(x * height + y)] =
            static_cast<double>(in[static_cast<std::size_t>(y * width + x)]);
    const DeviceArray<float> device_in(in), out(in.size()), padded(in.size()), naive(in.size());
    transpose(device_in.data(), out.data(), width, height, false);
    transpose(device_in.data(), padded.data(), width, height, true);
    transpose_naive(device_in.data(), naive.data(), width, height);
    CHECK(largest_difference(out.values(), expected) <= 0);
    CHECK(largest_difference(padded.values(), expected) <= 0);
    CHECK(largest_difference(naive.values(), expected) <= 0);
  });
}

TEST_CASE("reduction") {
  with_every_order([] {
    const std::vector<float> x = numbers(10007);
    const DeviceArray<float> device_x(x), sum(std::vector<float>{1});
    reduce(device_x.data(), sum.data(), static_cast<int>(x.size()));
    CHECK(largest_difference(sum.values(), {1 + std::accumulate(x.begin(), x.end(), 0.0)}) <= 1e-2);
  });
}

TEST_CASE("scan") {
  with_every_order([] {
    std::vector<int> x(1000), expected(1000);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<int>(i * 7 % 13) - 6;
    std::partial_sum(x.begin(), x.end(), expected.begin());
    const DeviceArray<int> device_x(x), y(x.size());
    scan(device_x.data(), y.data(), static_cast<int>(x.size()));
    CHECK(y.values() == expected);
  });
}

TEST_CASE("histogram") {
  with_every_order([] {
    std::vector<int> x(5000), expected(11, 0);
    for (std::size_t i = 0; i < x.size(); ++i)
      ++expected[static_cast<std::size_t>(x[i] = static_cast<int>(i * i % 11))];
    const DeviceArray<int> device_x(x), bins(std::vector<int>(11, 0));
    histogram(device_x.data(), bins.data(), static_cast<int>(x.size()), 11);
    CHECK(bins.values() == expected);
  });
}

TEST_CASE("stencil") {
  with_every_order([] {
    const int width = 37, height = 21;
    const std::vector<float> x = numbers(static_cast<std::size_t>(width * height));
    const auto at = [&](int row, int column) {
      row = std::clamp(row, 0, height - 1);
      column = std::clamp(column, 0, width - 1);
      return static_cast<double>(x[static_cast<std::size_t>(row * width + column)]);
    };
    std::vector<double> expected;
    for (int r = 0; r < height; ++r)
      for (int c = 0; c < width; ++c)
        expected.push_back(0.2 * (at(r, c) + at(r - 1, c) + at(r + 1, c) + at(r, c - 1) + at(r, c + 1)));
    const DeviceArray<float> device_x(x), y(x.size());
    stencil(device_x.data(), y.data(), width, height);
    CHECK(largest_difference(y.values(), expected) <= 1e-6);
  });
}

TEST_CASE("softmax and layernorm") {
  with_every_order([] {
    const std::size_t rows = 5, columns = 150;
    const std::vector<float> x = numbers(rows * columns), scale = numbers(columns, 3),
                             shift = numbers(columns, 5);
    std::vector<double> soft, norm;
    for (std::size_t row = 0; row < rows; ++row) {
      const float* values = x.data() + row * columns;
      double largest = -INFINITY, sum = 0, mean = 0, variance = 0;
      for (std::size_t i = 0; i < columns; ++i) {
        largest = std::max(largest, static_cast<double>(values[i]));
        mean += values[i] / static_cast<double>(columns);
      }
      for (std::size_t i = 0; i < columns; ++i) {
        sum += std::exp(values[i] - largest);
        variance += (values[i] - mean) * (values[i] - mean) / static_cast<double>(columns);
      }
      for (std::size_t i = 0; i < columns; ++i) {
        soft.push_back(std::exp(values[i] - largest) / sum);
        norm.push_back((values[i] - mean) / std::sqrt(variance + 1e-5) * scale[i] + shift[i]);
      }
    }
    const DeviceArray<float> device_x(x), device_scale(scale), device_shift(shift), y(x.size()), z(x.size());
    softmax(device_x.data(), y.data(), rows, columns);
    CHECK(largest_difference(y.values(), soft) <= 1e-7);
    layernorm(device_x.data(), device_scale.data(), device_shift.data(), z.data(), rows, columns);
    CHECK(largest_difference(z.values(), norm) <= 1e-5);
  });
}

TEST_CASE("tiled matrix product") {
  with_every_order([] {
    const std::size_t m = 37, n = 29, k = 41;
    const std::vector<float> a = numbers(m * k), b = numbers(k * n, 17);
    std::vector<double> expected(m * n, 0);
    for (std::size_t i = 0; i < m; ++i)
      for (std::size_t j = 0; j < n; ++j)
        for (std::size_t l = 0; l < k; ++l)
          expected[i * n + j] += static_cast<double>(a[i * k + l]) * static_cast<double>(b[l * n + j]);
    const DeviceArray<float> device_a(a), device_b(b), c(m * n);
    matmul_tiled(device_a.data(), device_b.data(), c.data(), m, n, k);
    CHECK(largest_difference(c.values(), expected) <= 1e-4);
  });
}

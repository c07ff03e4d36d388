#include "tensor/ops/gaussian_blur.h"

#include <doctest/doctest.h>

#include <cmath>

#include "tests/compare.h"

using namespace masktwins;

TEST_CASE("the kernel is about a tenth of the image, and odd") {
  CHECK(blur_kernel_size(1024) == 103);
  CHECK(blur_kernel_size(512) == 51);
  for (int64_t size = 1; size < 300; ++size) {
    CHECK(blur_kernel_size(size) % 2 == 1);
    CHECK(blur_kernel_size(size) / 2 < size);  // what reflection needs
  }
}

TEST_CASE("a flat image stays flat and a point spreads as a Gaussian") {
  tests::check_close(gaussian_blur(Tensor::full({1, 2, 41, 67}, 0.75), 1.1),
                     Tensor::full({1, 2, 41, 67}, 0.75), 1e-6, "flat");
  Tensor point = Tensor::zeros({1, 1, 101, 101}, DType::float64);
  point.data<double>()[50 * 101 + 50] = 1;
  const Tensor blurred = gaussian_blur(point, 0.8);
  const double* y = blurred.data<double>();
  CHECK(y[50 * 101 + 52] / y[50 * 101 + 50] == doctest::Approx(std::exp(-4 / (2 * 0.64))));
  CHECK(y[47 * 101 + 50] / y[50 * 101 + 50] == doctest::Approx(std::exp(-9 / (2 * 0.64))));
  CHECK(y[47 * 101 + 52] == y[53 * 101 + 48]);
}

TEST_CASE("sigma must be positive") {
  CHECK_THROWS_AS(gaussian_blur(Tensor::zeros({1, 1, 4, 4}), 0), Error);
  CHECK_THROWS_AS(gaussian_blur(Tensor::zeros({1, 1, 4, 4}), NAN), Error);
}

// Matrix products on CUDA against plain loops in double: by cuBLASLt, and by every version of our own.
#include <doctest/doctest.h>

#include <cmath>
#include <functional>

#include "kernels/course/versions.h"
#include "kernels/vendor/libraries.h"
#include "tensor/op.h"
#include "tests/compare.h"
#include "tests/cuda_device.h"

using namespace masktwins;
using namespace masktwins::tests;
using kernels::Activation;
using kernels::MatmulArgs;

namespace {

struct Problem {
  int64_t m, n, k, batch = 1;
  bool a_transposed = false, b_transposed = false, has_bias = true;
  Activation activation = Activation::none;
};

const std::vector<Problem> problems = {
    {70, 50, 45},                                               // no dimension a multiple of a tile
    {70, 50, 45, 1, true, false},                               // a weight gradient
    {70, 50, 45, 1, false, true},                               // a linear layer
    {64, 72, 96, 1, false, true, false},                        // whole vectors
    {24, 16, 1024, 1, true, false, false},                      // a long sum: splits
    {33, 40, 24, 3, false, false, true},                        // a batch
    {17, 48, 64, 2, false, true, true, Activation::gelu_tanh},  // an epilogue
    {40, 8, 16, 1, false, false, false, Activation::gelu_tanh},
    {1, 1, 1},
};

double element(const Tensor& matrices, int64_t index) { return matrices.data<double>()[index]; }

// Matrices of a batch lie one after the other.
Tensor reference(const Problem& p, const Tensor& a, const Tensor& b, const Tensor& bias) {
  Tensor c = Tensor::empty({p.batch * p.m, p.n}, DType::float64);
  for (int64_t z = 0; z < p.batch; ++z)
    for (int64_t i = 0; i < p.m; ++i)
      for (int64_t j = 0; j < p.n; ++j) {
        double sum = p.has_bias ? element(bias, j) : 0;
        for (int64_t q = 0; q < p.k; ++q)
          sum += element(a, z * p.m * p.k + (p.a_transposed ? q * p.m + i : i * p.k + q)) *
                 element(b, z * p.k * p.n + (p.b_transposed ? j * p.k + q : q * p.n + j));
        if (p.activation == Activation::gelu_tanh)
          sum = sum / 2 * (1 + std::tanh(std::sqrt(2 / M_PI) * (sum + 0.044715 * sum * sum * sum)));
        c.data<double>()[(z * p.m + i) * p.n + j] = sum;
      }
  return c;
}

template <class T>
void check_product(const Problem& p, const std::function<void(const MatmulArgs<T>&)>& matmul) {
  constexpr DType dtype = dtype_of<T>();
  const auto random = [&](const Shape& shape, uint32_t seed) {
    return make_inputs({{{shape}}, {}}, dtype, seed)[0];
  };
  const Tensor a = random({p.batch * p.m, p.k}, 1), b = random({p.batch * p.k, p.n}, 2),
               bias = random({p.n}, 3);
  const Tensor on_cuda[] = {a.to(Device::cuda), b.to(Device::cuda), bias.to(Device::cuda)};
  Tensor c = Tensor::empty({p.batch * p.m, p.n}, dtype, Device::cuda);
  matmul({p.m, p.n, p.k, on_cuda[0].data<T>(), on_cuda[1].data<T>(), c.data<T>(), p.a_transposed,
          p.b_transposed, p.has_bias ? on_cuda[2].data<T>() : nullptr, p.activation, p.batch, p.m * p.k,
          p.k * p.n, p.m * p.n});
  // The rounding of a 16-bit result, or of some hundred sums in float.
  const double tolerance = dtype == DType::bfloat16 ? 8e-3 : dtype == DType::float16 ? 1e-3 : 3e-5;
  check_close(c, reference(p, a.to(DType::float64), b.to(DType::float64), bias.to(DType::float64)), tolerance,
              "C");
}

template <class T>
void check_all(const char* name, const std::function<void(const MatmulArgs<T>&)>& matmul) {
  for (const Problem& p : problems) {
    INFO(name, ": ", p.m, " x ", p.n, " x ", p.k, ", batch ", p.batch, ", ", name_of(dtype_of<T>()));
    const CudaDevice device;
    check_product<T>(p, matmul);
  }
}

template <class T>
void check_libraries() {
  const auto before = kernels::cuda::libraries();
  for (const auto libraries : {kernels::cuda::Libraries::vendor, kernels::cuda::Libraries::own}) {
    kernels::cuda::libraries() = libraries;
    check_all<T>(libraries == kernels::cuda::Libraries::own ? "our own" : "cuBLASLt",
                 kernels::cuda::matmul<T>);
  }
  kernels::cuda::libraries() = before;
}

}  // namespace

TEST_CASE("matrix products on CUDA, by cuBLASLt and by our own kernels") {
  check_libraries<float>();
  check_libraries<bfloat16>();
  check_libraries<float16>();
}

TEST_CASE("every version of our own matrix product") {
  check_all<float>("version 1", kernels::cuda::matmul_version<1, float>);
  check_all<float>("version 2", kernels::cuda::matmul_version<2, float>);
  check_all<float16>("version 3", kernels::cuda::matmul_version<3, float16>);
}

TEST_CASE("a product without terms is the bias") {
  const CudaDevice device;
  check_product<float>({5, 7, 0}, kernels::cuda::matmul<float>);
}

TEST_CASE("a product of two transposed matrices is refused") {
  const CudaDevice device;
  const auto before = kernels::cuda::libraries();
  kernels::cuda::libraries() = kernels::cuda::Libraries::own;
  CHECK_THROWS_WITH(check_product<float>({4, 4, 4, 1, true, true}, kernels::cuda::matmul<float>),
                    "cuda: matmul: at most one of the matrices may be transposed");
  kernels::cuda::libraries() = before;
}

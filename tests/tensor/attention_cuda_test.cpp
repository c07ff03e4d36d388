// Attention on CUDA on the shapes for which tensor cores are used, against the CPU's in float64: several
// tiles of keys and of queries, tiles that are not full, several slices of queries.
#include <doctest/doctest.h>

#include "tensor/autograd.h"
#include "tensor/op.h"
#include "tensor/ops/attention.h"
#include "tests/compare.h"
#include "tests/cuda_device.h"

using namespace masktwins;
using namespace masktwins::tests;

namespace {

struct Case {
  int64_t batch, queries, keys, heads, width;
};

struct Result {
  Tensor o, dq, dkv;
};

Result compute(const Case& c, Tensor q, Tensor kv, const Tensor& d_o) {
  q.set_requires_grad();
  kv.set_requires_grad();
  const Tensor o = attention(q, kv, c.heads, 0.3);
  backward(o, d_o);
  return {o.detach(), q.grad(), kv.grad()};
}

void check_attention(const Case& c, DType dtype, double tolerance) {
  INFO(c.queries, " queries, ", c.keys, " keys, heads of ", c.width, ", ", name_of(dtype));
  const CudaDevice device;
  const int64_t channels = c.heads * c.width;
  const Tensors inputs = make_inputs({{{{c.batch, c.queries, channels}},
                                       {{c.batch, c.keys, 2 * channels}},
                                       {{c.batch, c.queries, channels}}},
                                      {}},
                                     dtype, 3);
  const auto in = [&](int i, auto where) { return inputs[static_cast<std::size_t>(i)].to(where); };
  const Result expected = compute(c, in(0, DType::float64), in(1, DType::float64), in(2, DType::float64));
  const Result actual = compute(c, in(0, Device::cuda), in(1, Device::cuda), in(2, Device::cuda));
  check_close(actual.o, expected.o, tolerance, "o");
  check_close(actual.dq, expected.dq, tolerance, "dq");
  check_close(actual.dkv, expected.dkv, tolerance, "dkv");
}

}  // namespace

TEST_CASE("attention on CUDA by tensor cores equals the CPU's") {
  // o, from which backward starts, is rounded to 8 (11) bits, and so are the factors of the second products.
  // The same roundings in numpy, in float64 otherwise, err by up to 3.6e-3 in float16 on the longest case.
  for (const Case& c : {Case{1, 70, 75, 2, 16}, {2, 65, 33, 1, 32}, {1, 1100, 40, 1, 64}, {1, 3, 5, 1, 64}}) {
    check_attention(c, DType::bfloat16, 3e-2);
    check_attention(c, DType::float16, 8e-3);
  }
}

TEST_CASE("attention on CUDA in float equals the CPU's") {
  for (const Case& c : {Case{1, 40, 75, 2, 32}, {1, 1100, 33, 1, 12}})
    check_attention(c, DType::float32, 1e-5);
}

TEST_CASE("attention on CUDA of heads of more than 64 channels equals the CPU's") {
  for (const Case& c : {Case{1, 37, 41, 2, 80}, {2, 64, 64, 1, 256}, {1, 520, 33, 1, 132}})
    check_attention(c, DType::float32, 1e-5);
  check_attention({1, 64, 33, 1, 96}, DType::bfloat16, 3e-2);
  check_attention({1, 64, 33, 1, 256}, DType::float16, 8e-3);
}

TEST_CASE("heads that are too wide are refused") {
  const CudaDevice device;
  const Tensor q = Tensor::zeros({1, 2, 257}, DType::float32, Device::cuda);
  const Tensor kv = Tensor::zeros({1, 2, 514}, DType::float32, Device::cuda);
  CHECK_THROWS_WITH(attention(q, kv, 1, 1.0),
                    "cuda: attention: heads of 257 channels, at most 256 are possible; use more heads");
}

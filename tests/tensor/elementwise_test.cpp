// Errors and corner cases of add, mul, scale, sum and mean.
#include <doctest/doctest.h>

#include "tensor/ops/add.h"
#include "tensor/ops/mean.h"
#include "tensor/ops/mul.h"
#include "tensor/ops/scale.h"
#include "tensor/ops/sum.h"

using namespace masktwins;

TEST_CASE("elementwise ops need tensors that agree") {
  const Tensor a = Tensor::zeros({2, 3});
  CHECK_THROWS_WITH_AS(add(a, Tensor::zeros({3, 2})), "add: shapes differ, (2, 3) and (3, 2)", Error);
  CHECK_THROWS_WITH_AS(add(a, Tensor::zeros({2, 3}, DType::float64)),
                       "add: dtypes differ, float32 and float64", Error);
  CHECK_THROWS_WITH_AS(mul(a, Tensor::zeros({2})), "mul: shapes differ, (2, 3) and (2)", Error);
  CHECK_THROWS_WITH_AS(add(Tensor::zeros({2}, DType::int32), Tensor::zeros({2}, DType::int32)),
                       "add: needs a floating tensor, got int32", Error);
  CHECK_THROWS_WITH_AS(scale(Tensor::zeros({2}, DType::uint8), 2),
                       "scale: needs a floating tensor, got uint8", Error);
}

TEST_CASE("an empty tensor has sum 0 and no mean") {
  CHECK(sum(Tensor::zeros({0, 3})).item() == 0);
  CHECK_THROWS_WITH_AS(mean(Tensor::zeros({0, 3})), "mean: a tensor of shape (0, 3) has no elements", Error);
}

TEST_CASE("sums are exact where float32 partial sums would not be") {
  Tensor x = Tensor::full({1 << 20}, 1);
  x.data<float>()[0] = 0x1p24f;  // from here on, adding 1 in float32 changes nothing
  CHECK(sum(x).item() == 0x1p24 + (1 << 20));
}

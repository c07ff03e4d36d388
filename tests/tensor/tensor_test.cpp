#include "tensor/tensor.h"

#include <doctest/doctest.h>

#include <numeric>

using namespace masktwins;

namespace {

std::vector<float> counting(int64_t count) {
  std::vector<float> values(static_cast<std::size_t>(count));
  std::iota(values.begin(), values.end(), 0.0f);
  return values;
}

}  // namespace

TEST_CASE("images lie channels-last and weights as (O, kh, kw, I)") {
  const std::vector<float> values = counting(2 * 3 * 4 * 5);
  const Tensor x = Tensor::from_values<float>({2, 3, 4, 5}, std::span<const float>(values));
  const auto logical = [&](int64_t n, int64_t c, int64_t i, int64_t j) {
    return values[static_cast<std::size_t>(((n * 3 + c) * 4 + i) * 5 + j)];
  };
  for (int64_t n = 0, memory = 0; n < 2; ++n)
    for (int64_t i = 0; i < 4; ++i)
      for (int64_t j = 0; j < 5; ++j)
        for (int64_t c = 0; c < 3; ++c, ++memory) CHECK(x.data<float>()[memory] == logical(n, c, i, j));
  CHECK(x.to_values<float>() == values);
}

TEST_CASE("other ranks are row-major") {
  for (const Shape& shape : {Shape{24}, Shape{4, 6}, Shape{2, 3, 4}, Shape{2, 1, 3, 2, 2}}) {
    const std::vector<float> values = counting(24);
    const Tensor x = Tensor::from_values<float>(shape, std::span<const float>(values));
    CHECK(std::vector<float>(x.data<float>(), x.data<float>() + 24) == values);
    CHECK(x.to_values<float>() == values);
  }
}

TEST_CASE("scalars have rank 0 and one element, empty tensors none") {
  const Tensor scalar = Tensor::full({}, 2.5);
  CHECK(scalar.rank() == 0);
  CHECK(scalar.numel() == 1);
  CHECK(scalar.item() == 2.5);
  const Tensor nothing = Tensor::zeros({2, 0, 3, 3});
  CHECK(nothing.numel() == 0);
  CHECK(nothing.bytes() == 0);
  CHECK(nothing.to_values<float>().empty());
}

TEST_CASE("a copied Tensor is the same memory, a clone is not") {
  Tensor a = Tensor::zeros({3});
  const Tensor same = a, other = a.clone();
  a.fill(4);
  CHECK(same.to_values<float>() == std::vector<float>{4, 4, 4});
  CHECK(other.to_values<float>() == std::vector<float>{0, 0, 0});
  CHECK(same.shares_memory_with(a));
  CHECK_FALSE(other.shares_memory_with(a));
}

TEST_CASE("sole_owner tells whether anybody else sees the memory") {
  Tensor a = Tensor::zeros({4});
  CHECK(a.sole_owner());
  {
    const Tensor copy = a;
    CHECK_FALSE(a.sole_owner());
  }
  {
    const Tensor view = a.alias({2}, 1);
    CHECK_FALSE(a.sole_owner());
    CHECK_FALSE(view.sole_owner());
  }
  CHECK(a.sole_owner());
}

TEST_CASE("alias sees the same elements with another shape") {
  const std::vector<float> values = counting(6);
  const Tensor x = Tensor::from_values<float>({6}, std::span<const float>(values));
  Tensor middle = x.alias({2, 2}, 1);
  CHECK(middle.to_values<float>() == std::vector<float>{1, 2, 3, 4});
  middle.fill(9);
  CHECK(x.to_values<float>() == std::vector<float>{0, 9, 9, 9, 9, 5});
  CHECK_THROWS_WITH_AS(x.alias({4}, 3), "alias: (4) at element 3 does not fit into (6)", Error);
  CHECK_THROWS_AS(x.alias({2}, -1), Error);
}

TEST_CASE("to converts between dtypes") {
  const std::vector<double> values{0, 1.75, 200};
  const Tensor x = Tensor::from_values<double>({3}, std::span<const double>(values));
  CHECK(x.to(DType::float32).to_values<float>() == std::vector<float>{0, 1.75, 200});
  CHECK(x.to(DType::uint8).to_values<uint8_t>() == std::vector<uint8_t>{0, 1, 200});
  CHECK(x.to(DType::int32).to_values<int32_t>() == std::vector<int32_t>{0, 1, 200});
  CHECK(x.to(DType::int64).to(DType::float64).to_values<double>() == std::vector<double>{0, 1, 200});
  CHECK(x.to(DType::float64).shares_memory_with(x));
}

TEST_CASE("misuse is explained") {
  Tensor x = Tensor::zeros({2, 3});
  const std::vector<float> five = counting(5);
  CHECK_THROWS_WITH_AS(Tensor::from_values<float>({2, 3}, std::span<const float>(five)),
                       "from_values: 5 values for shape (2, 3)", Error);
  CHECK_THROWS_WITH_AS(x.data<double>(), "tensor: asked for float64 elements of a float32 tensor", Error);
  CHECK_THROWS_WITH_AS(x.item(), "item: the tensor has 6 elements, not one", Error);
  CHECK_THROWS_WITH_AS(Tensor().shape(), "tensor: shape of an undefined tensor", Error);
  CHECK_THROWS_WITH_AS(x.copy_from(Tensor::zeros({3, 2})), "copy_from: shapes differ, (2, 3) and (3, 2)",
                       Error);
  CHECK_THROWS_WITH_AS(x.copy_from(Tensor::zeros({2, 3}, DType::int32)),
                       "copy_from: dtypes differ, float32 and int32", Error);
  CHECK_THROWS_WITH_AS(Tensor::zeros({2}, DType::int32).set_requires_grad(),
                       "requires_grad: only floating tensors have gradients, this is int32", Error);
  CHECK_THROWS_AS(x.set_grad(Tensor::zeros({2, 2})), Error);
  CHECK_THROWS_WITH_AS(Shape({2, -1}), "shape: negative size in (2, -1)", Error);
  CHECK_THROWS_WITH_AS(Shape({1, 1, 1, 1, 1, 1, 1}), "shape: at most 6 dimensions, got 7", Error);
  CHECK_THROWS_WITH_AS(image_size(x, "conv2d"), "conv2d: needs a (N, C, H, W) tensor, got (2, 3)", Error);
}

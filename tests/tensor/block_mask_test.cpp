// What the method promises about masks, beyond what ops_test checks of each op.
#include "tensor/ops/block_mask.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <set>
#include <vector>

#include "tensor/op.h"
#include "tensor/ops/apply_mask.h"

using namespace masktwins;

namespace {

constexpr kernels::RandomKey key{3, 5}, other_key{3, 6};

// Share of pixels with each index, over many cells.
std::vector<double> shares(const std::vector<double>& bounds) {
  const Tensor index = block_mask(8, 512, 512, 4, bounds, key, 1);
  std::vector<double> share(bounds.size() + 1);
  for (int64_t i = 0; i < index.numel(); ++i)
    share.at(index.data<uint8_t>()[i]) += 1 / static_cast<double>(index.numel());
  return share;
}

Tensor random_image(const Shape& shape) { return make_inputs({{{shape}}, {}}, DType::float32, 1)[0]; }

}  // namespace

TEST_CASE("1024 x 1024 pixels and blocks of 64 make 256 cells of one value each") {
  // With 255 bounds almost every cell has its own value.
  std::vector<double> bounds;
  for (int k = 1; k < 256; ++k) bounds.push_back(k / 256.0);
  const Tensor index = block_mask(1, 1024, 1024, 64, bounds, key, 1);
  const uint8_t* cell = index.data<uint8_t>();
  int changes = 0, strays = 0;
  for (int64_t y = 0; y < 1024; ++y)
    for (int64_t x = 0; x < 1024; ++x) {
      const uint8_t first = cell[y / 64 * 64 * 1024 + x / 64 * 64];
      strays += cell[y * 1024 + x] != first;
      changes += y % 64 == 0 && x % 64 == 0 && x > 0 && cell[y * 1024 + x] != cell[y * 1024 + x - 1];
    }
  CHECK(strays == 0);
  CHECK(changes > 220);  // of 16 * 15 neighbours, few are equal by chance
  CHECK(std::set<uint8_t>(cell, cell + index.numel()).size() > 120);
}

TEST_CASE("a share 1 - r of the cells is kept, and K parts are equally large") {
  // 131072 cells: four standard deviations are at most 0.0055.
  for (const double ratio : {0.1, 0.5, 0.7}) CHECK(std::abs(shares({ratio})[1] - (1 - ratio)) <= 0.006);
  for (const double share : shares({1.0 / 3, 2.0 / 3})) CHECK(std::abs(share - 1.0 / 3) <= 0.006);
  for (const double share : shares({0.25, 0.5, 0.75})) CHECK(std::abs(share - 0.25) <= 0.006);
  CHECK(shares({0})[1] == doctest::Approx(1).epsilon(1e-4));
  CHECK(shares({1})[1] == 0);
}

TEST_CASE("the views of a partition add up to the image exactly") {
  const Tensor x = random_image({2, 3, 45, 70});
  for (const std::vector<double>& bounds : {std::vector<double>{0.3}, {0.2, 0.7}, {0.25, 0.5, 0.75}}) {
    const Tensor index = block_mask(2, 45, 70, 8, bounds, key, 1);
    const std::vector<Tensor> views = apply_mask(x, index, static_cast<int64_t>(bounds.size()) + 1);
    int wrong = 0;
    for (int64_t i = 0; i < x.numel(); ++i) {
      float sum = 0;
      int visible = 0;
      for (const Tensor& view : views) {
        sum += view.data<float>()[i];
        visible += view.data<float>()[i] != 0;
      }
      wrong += sum != x.data<float>()[i] || visible != 1;
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("independent masks with ratios r and 1 - r show a pixel with probability 1 - r (1 - r)") {
  for (const double ratio : {0.5, 0.2}) {
    const Tensor first = block_mask(8, 512, 512, 4, {ratio}, key, 1);
    const Tensor second = block_mask(8, 512, 512, 4, {1 - ratio}, other_key, 1);
    double once = 0, twice = 0;
    for (int64_t i = 0; i < first.numel(); ++i) {
      const bool a = first.data<uint8_t>()[i], b = second.data<uint8_t>()[i];
      once += (a || b) / static_cast<double>(first.numel());
      twice += (a && b) / static_cast<double>(first.numel());
    }
    CHECK(std::abs(once - (1 - ratio * (1 - ratio))) <= 0.006);
    CHECK(std::abs(twice - ratio * (1 - ratio)) <= 0.006);
  }
}

TEST_CASE("images, steps and keys have masks of their own") {
  const Tensor masks = block_mask(2, 64, 64, 4, {0.5}, key, 1);
  const uint8_t* first = masks.data<uint8_t>();
  CHECK(std::memcmp(first, first + 64 * 64, 64 * 64) != 0);
  CHECK(std::memcmp(first, block_mask(1, 64, 64, 4, {0.5}, key, 2).data<uint8_t>(), 64 * 64) != 0);
  CHECK(std::memcmp(first, block_mask(1, 64, 64, 4, {0.5}, other_key, 1).data<uint8_t>(), 64 * 64) != 0);
  CHECK(std::memcmp(first, block_mask(1, 64, 64, 4, {0.5}, key, 1).data<uint8_t>(), 64 * 64) == 0);
}

TEST_CASE("cells are counted as Python rounds, half to even") {
  // 40 / 16 = 2.5 -> 2 cells of 20 pixels, 56 / 16 = 3.5 -> 4 cells of 14.
  for (const auto& [size, side] : {std::pair{40, 20}, std::pair{56, 14}}) {
    std::vector<double> bounds;
    for (int k = 1; k < 256; ++k) bounds.push_back(k / 256.0);
    const Tensor index = block_mask(1, 1, size, 16, bounds, key, 1);
    for (int64_t x = 0; x < size; ++x)
      CHECK(index.data<uint8_t>()[x] == index.data<uint8_t>()[x / side * side]);
  }
}

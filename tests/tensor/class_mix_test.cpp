#include "tensor/ops/class_mix.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "tensor/ops/choose_classes.h"

using namespace masktwins;

namespace {

// Labels (images, 4, 8) that hold exactly the given values.
Tensor labels_with(const std::vector<uint8_t>& values, int64_t images) {
  Tensor labels = Tensor::empty({images, 4, 8}, DType::uint8);
  for (int64_t i = 0; i < labels.numel(); ++i)
    labels.data<uint8_t>()[i] = values[static_cast<std::size_t>(i) % values.size()];
  return labels;
}

int64_t chosen_count(const Tensor& chosen, int64_t image) {
  const uint8_t* row = chosen.data<uint8_t>() + image * 256;
  return std::accumulate(row, row + 256, int64_t{0});
}

}  // namespace

TEST_CASE("half of the values of the batch are chosen, rounded up") {
  const std::vector<std::pair<std::vector<uint8_t>, int64_t>> cases = {
      {{0, 1, 2, 3, 255}, 3}, {{0, 1, 2, 3, 4, 5}, 3}, {{7}, 1}, {{0, 1}, 1}};
  for (const auto& [values, expected] : cases) {
    const Tensor chosen = choose_classes(labels_with(values, 2), {1, 2}, 3);
    for (int64_t image = 0; image < 2; ++image) {
      CHECK(chosen_count(chosen, image) == expected);
      for (int64_t value = 0; value < 256; ++value)
        if (chosen.data<uint8_t>()[image * 256 + value])
          CHECK(std::count(values.begin(), values.end(), static_cast<uint8_t>(value)) == 1);
    }
  }
}

TEST_CASE("values of any image count for all images") {
  Tensor labels = Tensor::zeros({2, 4, 8}, DType::uint8);
  labels.data<uint8_t>()[4 * 8] = 5;  // the second image only
  bool first_image_got_5 = false;
  for (uint64_t step = 0; step < 20; ++step)
    first_image_got_5 = first_image_got_5 || choose_classes(labels, {1, 2}, step).data<uint8_t>()[5];
  CHECK(first_image_got_5);
}

TEST_CASE("every value is chosen equally often, and images and steps draw on their own") {
  const Tensor labels = labels_with({0, 1, 2, 3, 4, 255}, 2);
  constexpr int steps = 2000;
  std::vector<double> share(256);
  int equal = 0;
  for (uint64_t step = 0; step < steps; ++step) {
    const Tensor chosen = choose_classes(labels, {9, 4}, step);
    const uint8_t* rows = chosen.data<uint8_t>();
    for (std::size_t value = 0; value < 256; ++value) share[value] += rows[value] / double{steps};
    equal += std::equal(rows, rows + 256, rows + 256);
  }
  for (const std::size_t value : {0, 1, 2, 3, 4, 255}) CHECK(std::abs(share[value] - 0.5) <= 0.05);
  // 20 subsets of 3 out of 6.
  CHECK(std::abs(equal / double{steps} - 0.05) <= 0.02);
}

TEST_CASE("tensors that do not fit together are refused") {
  const Tensor images = Tensor::zeros({2, 3, 4, 8}), labels = labels_with({0, 1}, 2),
               weights = Tensor::zeros({2, 4, 8});
  const Tensor chosen = Tensor::zeros({2, 256}, DType::uint8);
  CHECK_NOTHROW(class_mix(images, labels, images, labels, weights, chosen));
  CHECK_THROWS_AS(class_mix(images, weights, images, labels, weights, chosen), Error);
  CHECK_THROWS_AS(class_mix(images, labels, images, labels, labels, chosen), Error);
  CHECK_THROWS_AS(class_mix(images, labels, Tensor::zeros({2, 3, 4, 7}), labels, weights, chosen), Error);
  CHECK_THROWS_AS(class_mix(images, labels, images, labels, weights, Tensor::zeros({1, 256}, DType::uint8)),
                  Error);
  CHECK_THROWS_AS(choose_classes(weights, {1, 2}, 3), Error);
}

// Errors and corner cases of concat_channels, slice_channels, crop and pad.
#include <doctest/doctest.h>

#include "tensor/autograd.h"
#include "tensor/op.h"
#include "tensor/ops/concat_channels.h"
#include "tensor/ops/crop.h"
#include "tensor/ops/pad.h"
#include "tensor/ops/slice_channels.h"
#include "tests/compare.h"

using namespace masktwins;

namespace {

Tensor image(const Shape& shape) { return make_inputs({{{shape}}, {}}, DType::float32, 5)[0]; }

}  // namespace

TEST_CASE("slices of a concatenation are its parts") {
  const Tensor a = image({2, 3, 4, 5}), b = image({2, 1, 4, 5}), c = image({2, 30, 4, 5});
  const Tensor joined = concat_channels({a, b, c});
  tests::check_close(slice_channels(joined, 0, 3), a, 0, "first part");
  tests::check_close(slice_channels(joined, 3, 1), b, 0, "second part");
  tests::check_close(slice_channels(joined, 4, 30), c, 0, "third part");
}

TEST_CASE("a crop of a pad is the original") {
  const Tensor x = image({2, 3, 4, 5});
  tests::check_close(crop(pad(x, 2, 1, 9, 7), 2, 1, 4, 5), x, 0, "crop");
}

TEST_CASE("label and weight maps of any dtype can be cropped and padded") {
  const std::vector<uint8_t> values{1, 2, 3, 4, 5, 6};
  const Tensor labels = Tensor::from_values<uint8_t>({1, 2, 3}, std::span<const uint8_t>(values));
  CHECK(crop(labels, 0, 1, 2, 2).to_values<uint8_t>() == std::vector<uint8_t>{2, 3, 5, 6});
  CHECK(pad(labels, 1, 0, 3, 3).to_values<uint8_t>() == std::vector<uint8_t>{0, 0, 0, 1, 2, 3, 4, 5, 6});
}

TEST_CASE("a part used twice in one concatenation collects both gradients") {
  const Tensor a = image({1, 2, 3, 3}).set_requires_grad();
  const Tensor joined = concat_channels({a, a});
  backward(joined, Tensor::full(joined.shape(), 1.5));
  tests::check_close(a.grad(), Tensor::full(a.shape(), 3), 0, "gradient");
}

TEST_CASE("windows and channels outside the image are errors") {
  const Tensor x = Tensor::zeros({2, 3, 4, 5});
  CHECK_THROWS_WITH_AS(crop(x, 1, 0, 4, 5),
                       "crop: window of 4 x 5 pixels at (1, 0) leaves the image of shape (2, 3, 4, 5)",
                       Error);
  CHECK_THROWS_AS(crop(x, -1, 0, 2, 2), Error);
  CHECK_THROWS_AS(crop(x, 0, 0, -1, 2), Error);
  CHECK_THROWS_WITH_AS(crop(Tensor::zeros({4, 5}), 0, 0, 1, 1),
                       "crop: needs a (N, C, H, W) or (N, H, W) tensor, got (4, 5)", Error);
  CHECK_THROWS_WITH_AS(pad(x, 1, 0, 4, 5), "pad: (2, 3, 4, 5) at (1, 0) does not fit into 4 x 5 pixels",
                       Error);
  CHECK_THROWS_WITH_AS(slice_channels(x, 2, 2),
                       "slice_channels: channels 2 to 3 of a tensor of shape (2, 3, 4, 5)", Error);
  CHECK_THROWS_WITH_AS(concat_channels({}), "concat_channels: needs at least one tensor", Error);
  CHECK_THROWS_WITH_AS(concat_channels({x, Tensor::zeros({2, 3, 5, 4})}),
                       "concat_channels: batch, height and width differ, (2, 3, 4, 5) and (2, 3, 5, 4)",
                       Error);
  CHECK_THROWS_WITH_AS(concat_channels({x, Tensor::zeros({2, 3, 4, 5}, DType::float64)}),
                       "concat_channels: dtypes differ, float32 and float64", Error);
}

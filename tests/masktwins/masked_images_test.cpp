// Which images are masked, with which labels and weights (section 3.9).
#include "masktwins/masked_images.h"

#include <doctest/doctest.h>

using namespace masktwins;

namespace {

Config config(const std::string& images, int64_t masks, bool augment) {
  Config config;
  config.uda.mask_image = images;
  config.uda.masks = masks;
  config.uda.mask_augment = augment;
  config.uda.color_jitter_probability = 1;
  config.uda.blur_probability = 0;
  return config;
}

// Source images are 1/4 and 3/8, target images 1/2, 5/8 and 3/4; labels are 1 and 2, target weights a half.
struct Inputs {
  Inputs() {
    batch.source_images = Tensor::empty({2, 1, 4, 4});
    batch.target_images = Tensor::empty({3, 1, 4, 4});
    for (int64_t i = 0; i < 32; ++i) batch.source_images.data<float>()[i] = i < 16 ? 0.25f : 0.375f;
    for (int64_t i = 0; i < 48; ++i)
      batch.target_images.data<float>()[i] = 0.5f + 0.125f * static_cast<float>(i / 16);
    batch.source_labels = Tensor::full({2, 4, 4}, 1, DType::uint8);
    pseudo.labels = Tensor::full({3, 4, 4}, 2, DType::uint8);
    pseudo.weights = Tensor::full({3, 4, 4}, 0.5);
  }
  std::vector<MaskedImages> masked(const Config& config) const {
    RandomStream random{1, 1, 0};
    return masked_images(batch, pseudo, config, random);
  }
  data::Batch batch;
  PseudoLabels pseudo;
};

std::vector<float> first_pixels(const Tensor& images) {
  std::vector<float> values;
  for (int64_t n = 0; n < images.dim(0); ++n) values.push_back(images.data<float>()[16 * n]);
  return values;
}

}  // namespace

TEST_CASE("all target images with pseudo-labels, or all source images with their labels") {
  const auto target = Inputs().masked(config("target", 2, false));
  REQUIRE(target.size() == 1);
  CHECK(target[0].loss == "masked");
  CHECK(first_pixels(target[0].images) == std::vector<float>{0.5f, 0.625f, 0.75f});
  CHECK(target[0].labels.data<uint8_t>()[0] == 2);
  CHECK(target[0].weights.data<float>()[0] == 0.5f);
  const auto source = Inputs().masked(config("source", 2, false));
  REQUIRE(source.size() == 1);
  CHECK(source[0].loss == "masked_source");
  CHECK(first_pixels(source[0].images) == std::vector<float>{0.25f, 0.375f});
  CHECK(source[0].labels.data<uint8_t>()[0] == 1);
  CHECK(!source[0].weights.defined());
}

TEST_CASE("both with one mask: the first image of each in one batch") {
  const auto both = Inputs().masked(config("both", 1, false));
  REQUIRE(both.size() == 1);
  CHECK(both[0].loss == "masked");
  CHECK(first_pixels(both[0].images) == std::vector<float>{0.25f, 0.5f});
  CHECK(both[0].labels.shape() == Shape{2, 4, 4});
  CHECK(both[0].labels.data<uint8_t>()[15] == 1);
  CHECK(both[0].labels.data<uint8_t>()[16] == 2);
  CHECK(both[0].weights.data<float>()[15] == 1);
  CHECK(both[0].weights.data<float>()[16] == 0.5f);
}

TEST_CASE("both with twins: the first of each alone, source before target") {
  const auto both = Inputs().masked(config("both", 2, false));
  REQUIRE(both.size() == 2);
  CHECK(both[0].loss == "masked_source");
  CHECK(first_pixels(both[0].images) == std::vector<float>{0.25f});
  CHECK(both[0].labels.data<uint8_t>()[0] == 1);
  CHECK(both[0].weights.data<float>()[0] == 1);
  CHECK(both[1].loss == "masked");
  CHECK(first_pixels(both[1].images) == std::vector<float>{0.5f});
  CHECK(both[1].labels.data<uint8_t>()[0] == 2);
  CHECK(both[1].weights.data<float>()[0] == 0.5f);
}

TEST_CASE("one decision about colours for both, and the batch itself keeps its own") {
  const Inputs inputs;
  int changed = 0;
  for (uint64_t step = 0; step < 40; ++step) {
    Config half = config("both", 2, true);
    half.uda.color_jitter_probability = 0.5;
    RandomStream random{1, step, 0};
    const auto both = masked_images(inputs.batch, inputs.pseudo, half, random);
    const bool source = both[0].images.to_values<float>() != std::vector<float>(16, 0.25f);
    const bool target = both[1].images.to_values<float>() != std::vector<float>(16, 0.5f);
    CHECK(source == target);
    changed += source;
  }
  CHECK(changed > 5);
  CHECK(changed < 35);
  CHECK(first_pixels(inputs.batch.source_images) == std::vector<float>{0.25f, 0.375f});
}

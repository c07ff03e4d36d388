#include "masktwins/strong_augmentation.h"

#include <doctest/doctest.h>

#include <cmath>

#include "tensor/op.h"
#include "tests/compare.h"

using namespace masktwins;

namespace {

Tensor grey_images() {
  return make_inputs({{{{2, 1, 16, 24}, Fill::uniform, 0.2, 0.8}}, {}}, DType::float32, 1)[0];
}

Tensor augmented(const Config& config, uint64_t step) {
  RandomStream random{1, step, 0};
  return augment_strongly(grey_images(), config, random);
}

double changed_share(const Config& config) {
  int changed = 0;
  for (uint64_t step = 0; step < 200; ++step)
    changed += tests::largest_error(augmented(config, step), grey_images()) > 1e-6;
  return changed / 200.0;
}

}  // namespace

TEST_CASE("jitter and blur happen as often as configured") {
  Config config;
  config.uda.color_jitter_probability = 0.8;
  config.uda.blur_probability = 0;
  CHECK(std::abs(changed_share(config) - 0.8) <= 0.1);
  config.uda.color_jitter_probability = 0;
  config.uda.blur_probability = 0.5;
  config.uda.blur_sigma_min = 0.5;
  CHECK(std::abs(changed_share(config) - 0.5) <= 0.1);
  config.uda.blur_probability = 0;
  CHECK(changed_share(config) == 0);
}

TEST_CASE("a step draws the same every time, and the next step something else") {
  const Config config;
  CHECK(tests::largest_error(augmented(config, 3), augmented(config, 3)) == 0);
  CHECK(tests::largest_error(augmented(config, 3), augmented(config, 4)) > 0);
}

TEST_CASE("decisions do not shift the draws that follow") {
  Config always, never;
  always.uda.color_jitter_probability = always.uda.blur_probability = 1;
  never.uda.color_jitter_probability = never.uda.blur_probability = 0;
  RandomStream a{1, 2, 0}, b{1, 2, 0};
  augment_strongly(grey_images(), always, a);
  augment_strongly(grey_images(), never, b);
  CHECK(a.next_site == b.next_site);
}

TEST_CASE("every normalisation can be augmented") {
  Config config;
  for (const char* normalisation : {"minmax", "standard"}) {
    config.data.normalize = normalisation;
    CHECK(augmented(config, 1).shape() == grey_images().shape());
  }
  config.data.normalize = "imagenet";
  RandomStream random{1, 1, 0};
  const Tensor rgb = Tensor::zeros({1, 3, 16, 16});
  CHECK(augment_strongly(rgb, config, random).shape() == rgb.shape());
}

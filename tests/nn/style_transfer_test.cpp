// AdaIN between a pass over target images and a pass over source images.
#include "nn/style_transfer.h"

#include <doctest/doctest.h>

#include <cmath>

#include "nn/mit.h"
#include "tensor/autograd.h"
#include "tensor/random.h"
#include "tests/compare.h"
#include "tests/network_golden.h"
#include "tests/tiny_networks.h"

using namespace masktwins;
using namespace masktwins::tests;

namespace {

constexpr uint32_t target_site = 100010;

nn::MixTransformer tiny_encoder() {
  nn::Initializer init(1);
  return {{.channels = {4, 8, 10, 16}, .depths = {1, 1, 1, 1}, .in_channels = 3, .drop_path = 0}, init};
}

// Mean and deviation of channel c over images first to last and all pixels, in plain loops.
std::pair<double, double> statistics(const Tensor& x, int64_t channel, int64_t first, int64_t last) {
  const std::vector<double> values = x.to_values<double>();  // (N, C, H, W)
  const int64_t pixels = x.dim(2) * x.dim(3);
  double sum = 0, squares = 0, count = 0;
  for (int64_t n = first; n <= last; ++n)
    for (int64_t p = 0; p < pixels; ++p) {
      const double value = values[static_cast<std::size_t>((n * x.dim(1) + channel) * pixels + p)];
      sum += value;
      squares += value * value;
      ++count;
    }
  return {sum / count, std::sqrt(squares / count - (sum / count) * (sum / count))};
}

}  // namespace

TEST_CASE("every source image gets the statistics that the first stage has over all target images") {
  nn::MixTransformer encoder = tiny_encoder();
  encoder.to(DType::float64);
  const Tensor source = noise(image_site, {2, 3, 64, 64}), target = noise(target_site, {3, 3, 64, 96}, 3, 1);
  const NoGrad no_grad;
  nn::Styles styles{.stage1 = true};
  Tensor wanted, plain = encoder.forward(source)[0], got;
  {
    const nn::StyleRecording recording(styles);
    wanted = encoder.forward(target)[0];
  }
  CHECK(styles.maps.size() == 1);
  {
    const nn::StyleTransfer transfer(styles);
    got = encoder.forward(source)[0];
  }
  CHECK(largest_error(got, plain) > 1e-3);
  for (int64_t c = 0; c < 4; ++c)
    for (int64_t n = 0; n < 2; ++n) {
      const auto [mean, deviation] = statistics(got, c, n, n);
      const auto [wanted_mean, wanted_deviation] = statistics(wanted, c, 0, 2);
      CHECK(std::abs(mean - wanted_mean) <= 1e-9);
      CHECK(std::abs(deviation - wanted_deviation) <= 1e-4);  // eps is part of the deviation
    }
}

TEST_CASE("an image in its own style stays as it is, in networks that look at it once") {
  for (const std::string& network : families) {
    if (network.starts_with("hrda")) continue;
    CAPTURE(network);
    const auto model = nn::build_model(network, tiny_options());
    model->to(DType::float64);
    model->set_training(false);
    const Tensor images = noise(image_site, {1, 3, 64, 64});
    const NoGrad no_grad;
    nn::Styles styles{.embedding = true, .stage1 = true};
    Tensor plain;
    {
      const nn::StyleRecording recording(styles);
      plain = model->outputs(images).logits;
    }
    CHECK(styles.maps.size() == (network == "unet" ? 1 : 2));
    const nn::StyleTransfer transfer(styles);
    check_close(model->outputs(images).logits, plain, 1e-6, "logits");
  }
}

TEST_CASE("HRDA's teacher leaves styles of both scales, its student uses them, and then all is as before") {
  for (const char* network : {"hrda-b0", "hrda-deeplabv2-r50"}) {
    CAPTURE(network);
    const auto model = nn::build_model(network, tiny_options());
    model->set_training(false);
    const Tensor images = noise(image_site, {2, 3, 128, 128}).to(DType::float32);
    const Tensor target = noise(target_site, {1, 3, 128, 128}, 3).to(DType::float32);
    const auto logits = [&] {
      begin_random_step(1, 1);
      return model->outputs(images).logits;
    };
    const NoGrad no_grad;
    const Tensor plain = logits();
    nn::Styles styles{.embedding = true, .stage1 = true};
    {
      const nn::StyleRecording recording(styles);
      model->forward(target);
    }
    CHECK(styles.maps.size() == 4);
    {
      const nn::StyleTransfer transfer(styles);
      CHECK(largest_error(logits(), plain) > 1e-6);
    }
    CHECK(logits().to_values<float>() == plain.to_values<float>());
    const nn::StyleTransfer nothing_recorded{nn::Styles{.stage1 = true}};
    CHECK(logits().to_values<float>() == plain.to_values<float>());
  }
}

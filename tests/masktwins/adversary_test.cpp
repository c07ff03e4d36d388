// AdvSeg's discriminator against PyTorch, see tests/reference/adaptation_losses.py.
#include "masktwins/adversary.h"

#include <doctest/doctest.h>

#include "tensor/autograd.h"
#include "tests/network_golden.h"

using namespace masktwins;
using namespace masktwins::tests;

namespace {

constexpr uint32_t source_site = 200000, target_site = 200100;
constexpr int64_t classes = 3, iterations = 10;
constexpr double learning_rate = 1e-3;

Tensor logits_of(uint32_t site, uint32_t step = 0) {
  return noise(site + step, {2, classes, 48, 64}, 2).to(DType::float32);
}

Adversary fresh() { return {classes, learning_rate, iterations, 1, Device::cpu}; }

}  // namespace

TEST_CASE("the discriminator has the published layers") {
  Adversary adversary(19, learning_rate, iterations, 1, Device::cpu);
  const auto parameters = sorted_parameters(adversary.network());
  CHECK(parameters.size() == 10);
  const auto shape = [&](const char* name) { return parameters.at(name)->shape(); };
  CHECK(shape("conv1.weight") == Shape{64, 19, 4, 4});
  CHECK(shape("conv2.weight") == Shape{128, 64, 4, 4});
  CHECK(shape("conv3.weight") == Shape{256, 128, 4, 4});
  CHECK(shape("conv4.weight") == Shape{512, 256, 4, 4});
  CHECK(shape("classifier.weight") == Shape{1, 512, 4, 4});
  CHECK(shape("classifier.bias") == Shape{1});
  CHECK(adversary.network().forward(Tensor::zeros({1, 19, 64, 96})).shape() == Shape{1, 1, 2, 3});
  CHECK_THROWS_WITH_AS(adversary.fooling_loss(Tensor::zeros({1, 19, 31, 64})),
                       doctest::Contains("choose a larger train.crop"), Error);
}

// In single precision; measured: losses differ by at most 3e-7, gradients and parameters by 8e-7.
TEST_CASE("the discriminator says, learns and passes back what PyTorch's does") {
  const data::TensorFile golden = data::read_safetensors("tests/golden/adaptation/adversary.safetensors");
  Adversary adversary = fresh();
  draw_parameters(adversary.network());
  Tensor target = logits_of(target_site);
  target.set_requires_grad();
  const Tensor fooling = adversary.fooling_loss(target);
  CHECK(std::abs(fooling.item() - expected(golden, "fooling")[0]) <= 1e-6);
  backward(fooling);
  check_probe(target.grad(), expected(golden, "gradient"), 1e-5, "gradient");

  // learn() must discard what the fooling loss left in the discriminator's gradients.
  const std::vector<double> losses = expected(golden, "losses");
  for (uint32_t step = 0; step < losses.size(); ++step) {
    const Tensor loss = adversary.learn(logits_of(source_site, step), logits_of(target_site, step), step);
    CHECK(!loss.requires_grad());
    CHECK(std::abs(loss.item() - losses[step]) <= 1e-6);
  }
  check_rows(sorted_parameters(adversary.network()), golden.tensors.at("parameters"), 1e-5);
}

TEST_CASE("the discriminator's step gives the logits no gradient") {
  Adversary adversary = fresh();
  Tensor source = logits_of(source_site), target = logits_of(target_site);
  source.set_requires_grad();
  target.set_requires_grad();
  adversary.learn(source, target, 0);
  CHECK(!source.grad().defined());
  CHECK(!target.grad().defined());
}

TEST_CASE("the discriminator learns to tell two kinds of logits apart, and then they are expensive") {
  Adversary adversary = fresh();
  const Tensor source = Tensor::zeros({1, classes, 32, 32}), target = logits_of(target_site);
  const double at_first = adversary.fooling_loss(target).item();
  double loss = 0;
  for (int64_t step = 0; step < iterations; ++step) loss = adversary.learn(source, target, 0).item();
  CHECK(loss < 0.1);
  CHECK(adversary.fooling_loss(target).item() > 2 * at_first);
}

// The scale is a power of two, so that no rounding differs.
TEST_CASE("scaled losses teach the discriminator the same bits, and a checkpoint holds the scale") {
  const auto learned = [](bool loss_scaling) {
    Adversary adversary(classes, learning_rate, iterations, 1, Device::cpu, loss_scaling);
    for (uint32_t step = 0; step < 3; ++step)
      adversary.learn(logits_of(source_site, step), logits_of(target_site, step), step);
    CHECK((adversary.optimizer().state().back().first == "loss_scale") == loss_scaling);
    return adversary.optimizer().arena().values().to_values<float>();
  };
  CHECK(learned(true) == learned(false));
}

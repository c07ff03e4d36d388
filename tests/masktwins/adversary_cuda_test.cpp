// AdvSeg's discriminator on CUDA in float16, whose small gradients only survive scaled.
#include <doctest/doctest.h>

#include <cmath>

#include "masktwins/adversary.h"
#include "tensor/autocast.h"
#include "tensor/op.h"
#include "tensor/ops/scale.h"
#include "tests/cuda_device.h"

using namespace masktwins;

namespace {

constexpr int64_t classes = 3;

// Of the first layer in the first step that is not skipped because gradients overflow, without the loss
// scale. The last layer's weights are small, and so are the gradients behind it: as they are for large
// images, whose many answers share one loss.
std::vector<float> gradients_of_first_layer(DType precision, Device device, bool loss_scaling) {
  Adversary adversary(classes, 1e-4, 10, 1, device, loss_scaling);
  Tensor first;
  for (const auto& [name, parameter] : adversary.network().named_parameters()) {
    if (name == "classifier.weight") parameter->copy_from(scale(parameter->detach(), 1e-3));
    if (name == "conv1.weight") first = *parameter;
  }
  const Argument logits{.shape = {1, classes, 64, 64}, .fill = Fill::normal};
  const Tensors made = make_inputs({{logits, logits}, {}}, DType::float32, 3);
  const AutocastScope autocast(precision);
  optim::Optimizer& optimizer = adversary.optimizer();
  while (optimizer.updates() == 0) adversary.learn(made[0].to(device), made[1].to(device), 0);
  std::vector<float> gradients = first.grad().to_values<float>();
  if (loss_scaling)
    for (float& value : gradients) value /= static_cast<float>(optimizer.loss_scale().item());
  return gradients;
}

double relative_error(const std::vector<float>& values, const std::vector<float>& expected) {
  double difference = 0, norm = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    difference += std::pow(static_cast<double>(values[i]) - static_cast<double>(expected[i]), 2);
    norm += std::pow(static_cast<double>(expected[i]), 2);
  }
  return std::sqrt(difference / norm);
}

}  // namespace

TEST_CASE("the discriminator's gradients in float16 are near the CPU's, because its loss is scaled") {
  const tests::CudaDevice device;
  const std::vector<float> expected = gradients_of_first_layer(DType::float32, Device::cpu, false);
  const auto error = [&](bool loss_scaling) {
    return relative_error(gradients_of_first_layer(DType::float16, Device::cuda, loss_scaling), expected);
  };
  const double scaled = error(true), unscaled = error(false);
  MESSAGE("relative errors of the gradients: ", scaled, ", without the scale ", unscaled);
  CHECK(scaled <= 0.05);  // measured 0.034 and 1.01: rounding errors of five layers, and nothing left
  CHECK(unscaled >= 0.5);
}

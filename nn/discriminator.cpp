#include "nn/discriminator.h"

#include "tensor/ops/leaky_relu.h"

namespace masktwins::nn {
namespace {

constexpr Conv2dOptions halving{.stride = 2, .padding = 1};
constexpr int64_t kernel = 4;
constexpr double slope = 0.2;

}  // namespace

Discriminator::Discriminator(int64_t in_channels, int64_t width, uint32_t seed)
    : Discriminator(in_channels, width, Initializer(seed)) {}

Discriminator::Discriminator(int64_t in_channels, int64_t width, Initializer init)
    : conv1_(in_channels, width, kernel, halving, init),
      conv2_(width, 2 * width, kernel, halving, init),
      conv3_(2 * width, 4 * width, kernel, halving, init),
      conv4_(4 * width, 8 * width, kernel, halving, init),
      classifier_(8 * width, 1, kernel, halving, init) {
  register_module("conv1", conv1_);
  register_module("conv2", conv2_);
  register_module("conv3", conv3_);
  register_module("conv4", conv4_);
  register_module("classifier", classifier_);
}

Tensor Discriminator::forward(const Tensor& x) const {
  const ImageSize size = image_size(x, "discriminator");
  require(size.height >= 32 && size.width >= 32, "discriminator: predictions are ", size.height, "x",
          size.width, ", it needs at least 32x32; choose a larger train.crop");
  Tensor y = x;
  for (const Conv2d* layer : {&conv1_, &conv2_, &conv3_, &conv4_}) y = leaky_relu(layer->forward(y), slope);
  return classifier_.forward(y);
}

}  // namespace masktwins::nn

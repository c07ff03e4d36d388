// Tells from which domain a prediction comes (Tsai et al., CVPR 2018; the DA-VSN discriminator of
// section 7.3): five convolutions with kernel 4 and stride 2, channels 64, 128, 256, 512, 1, LeakyReLU with
// slope 0.2 between them.
#pragma once

#include "nn/conv2d.h"

namespace masktwins::nn {

class Discriminator : public Module {
 public:
  // `width` channels in the first layer, doubled in each of the next three.
  Discriminator(int64_t in_channels, int64_t width, uint32_t seed);
  // (N, in_channels, H, W) -> logits (N, 1, H / 32, W / 32), large where the input looks like the first
  // domain. H and W must be at least 32.
  Tensor forward(const Tensor& x) const;

 private:
  Discriminator(int64_t in_channels, int64_t width, Initializer init);

  Conv2d conv1_, conv2_, conv3_, conv4_, classifier_;
};

}  // namespace masktwins::nn

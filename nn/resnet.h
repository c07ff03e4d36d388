// ResNet-v1c encoders as DeepLab uses them (He et al., CVPR 2016; v1c: He et al., "Bag of tricks", CVPR
// 2019): three 3x3 convolutions instead of one 7x7 at the beginning, and dilation instead of stride in the
// last two stages, so that all maps from the second stage on have 1/8 of the image's height and width.
// Parameters carry the names of open-mmlab's checkpoints:
//
//   stem.{0,3,6} conv, stem.{1,4,7} batch norm
//   layer{s}.{i}.conv{1,2,3}, .bn{1,2,3}, of the first block also .downsample.{0,1}       s = 1..4, i = 0..
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "nn/conv2d.h"
#include "nn/encoder_decoder.h"
#include "nn/normalization.h"

namespace masktwins::nn {

struct ResNetOptions {
  std::array<int64_t, 4> depths = {3, 4, 23, 3};  // blocks per stage
  std::array<int64_t, 4> widths = {64, 128, 256,
                                   512};  // of the bottlenecks; maps have four times as many channels
  int64_t in_channels = 3;
};

// relu(x' + y): y is x through 1x1, 3x3 and 1x1 convolutions, each with batch norm, and x' is x, or where
// size or channels change a 1x1 convolution of it with batch norm.
class Bottleneck : public Module {
 public:
  Bottleneck(int64_t in_channels, int64_t width, int64_t stride, int64_t dilation, Initializer& init);
  Tensor forward(const Tensor& x);

  static constexpr int64_t expansion = 4;

 private:
  struct Downsample {
    Conv2d conv;
    BatchNorm2d bn;
  };
  Conv2d conv1_, conv2_, conv3_;
  BatchNorm2d bn1_, bn2_, bn3_;
  std::unique_ptr<Downsample> downsample_;  // may be null
};

class ResNet : public Encoder {
 public:
  ResNet(const ResNetOptions& options, Initializer& init);

  // The maps of the four stages: (N, 4·widths[0], H/4, W/4), then three of H/8 x W/8.
  std::vector<Tensor> forward(const Tensor& images) override;
  std::vector<int64_t> channels() const override;
  int64_t size_multiple() const override { return 8; }

 private:
  std::array<int64_t, 4> widths_;
  Conv2d stem0_, stem3_, stem6_;
  BatchNorm2d stem1_, stem4_, stem7_;
  std::array<std::vector<std::unique_ptr<Bottleneck>>, 4> layers_;
};

}  // namespace masktwins::nn

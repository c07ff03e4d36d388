// DeepLab v2 (Chen et al., TPAMI 2018): a dilated ResNet, and as head the sum of 3x3 convolutions that look
// at the last map with different dilations. Parameters: backbone.* of nn/resnet.h,
// decode_head.aspp_modules.{i}.conv.*. Within HRDA both heads are such, decode_head.head.* and
// decode_head.scale_attention.*.
#pragma once

#include <memory>
#include <vector>

#include "nn/conv2d.h"
#include "nn/encoder_decoder.h"

namespace masktwins::nn {

class DeeplabV2Head : public DecodeHead {
 public:
  DeeplabV2Head(int64_t in_channels, int64_t classes, const std::vector<int64_t>& dilations,
                Initializer& init);
  // Looks at the last map alone.
  Tensor forward(const std::vector<Tensor>& maps) override;

 private:
  std::vector<std::unique_ptr<Conv2d>> aspp_modules_;
};

}  // namespace masktwins::nn

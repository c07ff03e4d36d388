#pragma once

#include "nn/encoder_decoder.h"
#include "nn/level_fusion.h"
#include "nn/linear.h"

namespace masktwins::nn {

// The head of DAFormer (Hoyer et al., CVPR 2022): each map by a linear layer to `channels`, enlarged to the
// first one's size, fused, dropout, logits. Parameters: embed_layers.{i}.proj.*, fuse_layer.*, conv_seg.*.
class DaformerHead : public DecodeHead {
 public:
  DaformerHead(const std::vector<int64_t>& map_channels, int64_t channels, int64_t classes,
               const std::string& fusion, double dropout, Initializer& init);
  Tensor forward(const std::vector<Tensor>& maps) override;

 private:
  std::vector<std::unique_ptr<Linear>> embed_layers_;
  std::unique_ptr<LevelFusion> fuse_layer_;
  Conv2d conv_seg_;
  double dropout_;
};

}  // namespace masktwins::nn
